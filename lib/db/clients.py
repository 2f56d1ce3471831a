"""Queries about clients and their projects."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Table, case, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import clients, job_templates, projects, training_jobs
from lib.domain.states import JobStatus

_JOB = training_jobs.c


def named(connection: Connection, client: str, project: str) -> tuple[UUID | None, UUID | None]:
    """The ids of a client and of its project, made where they are new; None for an empty name.

    A name that differs in case and spaces alone is the same client.
    """
    if not client:
        return None, None
    client_id = _id_of(connection, client, None)
    return client_id, _id_of(connection, project, client_id) if project else None


def _id_of(connection: Connection, name: str, client_id: UUID | None) -> UUID:
    found = alike(connection, name, client_id)
    if found is None:
        lock_names(connection)
        found = alike(connection, name, client_id)
    return found.id if found is not None else add(connection, name, client_id)


def lock_names(connection: Connection) -> None:
    """Held until the transaction ends: of names that are the same, one comes first."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("client names"))))


def alike(connection: Connection, name: str, client_id: UUID | None) -> Row | None:
    """The client, or the project of a client, that has this name but for case and spaces."""
    table = _table(client_id)
    query = select(table).where(_folded(table.c.name) == _folded(name))
    if client_id is not None:
        query = query.where(projects.c.client_id == client_id)
    return connection.execute(
        query.order_by((table.c.name == name).desc(), table.c.created_at).limit(1)
    ).one_or_none()


def add(connection: Connection, name: str, client_id: UUID | None) -> UUID:
    """A new client, or a new project of one."""
    table = _table(client_id)
    values = {"name": name} if client_id is None else {"name": name, "client_id": client_id}
    return connection.execute(upsert(table).values(values).returning(table.c.id)).scalar_one()


def by_id(connection: Connection, client_id: UUID, project_id: UUID | None = None) -> Row | None:
    """A client, or a project of that client."""
    table = _table(project_id)
    query = select(table).where(table.c.id == (project_id or client_id))
    if project_id is not None:
        query = query.where(projects.c.client_id == client_id)
    return connection.execute(query).one_or_none()


def write(
    connection: Connection, client_id: UUID, project_id: UUID | None = None, **values: Any
) -> None:
    table = _table(project_id)
    connection.execute(
        update(table).where(table.c.id == (project_id or client_id)).values(**values)
    )


def rename(connection: Connection, client: Row, project: Row | None, name: str) -> None:
    """Gives the project, or without one the client, another name, in drafts and templates too.

    Jobs come first and the name last, in the order in which a job's own transaction holds them;
    a trigger then writes the name into what is searched. Quotes keep what they were issued with.
    """
    field = "client" if project is None else "project"
    mine = _JOB.client_id == client.id if project is None else _JOB.project_id == project.id
    pending = _JOB.status == JobStatus.PENDING_CONFIGURATION
    connection.execute(
        update(training_jobs)
        .where(mine)
        .values(
            metadata_updated_at=func.clock_timestamp(),
            draft=case((pending, _with(_JOB.draft, field, name)), else_=_JOB.draft),
            draft_revision=case((pending, _JOB.draft_revision + 1), else_=_JOB.draft_revision),
        )
    )
    kept = job_templates.c.draft
    same = kept["client"].astext == client.name
    if project is not None:
        same &= kept["project"].astext == project.name
    connection.execute(update(job_templates).where(same).values(draft=_with(kept, field, name)))
    write(connection, client.id, project.id if project is not None else None, name=name)


def listed(connection: Connection) -> list[Row]:
    """Clients with their projects, one row a project, one for a client without any; by name."""
    return list(
        connection.execute(
            select(
                clients.c.id.label("client_id"),
                clients.c.name.label("client"),
                clients.c.archived_at.label("client_archived_at"),
                projects.c.id.label("project_id"),
                projects.c.name.label("project"),
                projects.c.archived_at.label("project_archived_at"),
            )
            .outerjoin(projects, projects.c.client_id == clients.c.id)
            .order_by(clients.c.name, projects.c.name)
        )
    )


def _table(of: UUID | None) -> Table:
    return clients if of is None else projects


def _with(draft: Any, field: str, name: str) -> ColumnElement[Any]:
    return func.jsonb_set(draft, [field], func.to_jsonb(name))


def _folded(name: Any) -> ColumnElement[str]:
    return func.lower(func.regexp_replace(name, r"\s", "", "g"))
