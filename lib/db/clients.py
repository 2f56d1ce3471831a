"""Queries about clients and their projects."""

from uuid import UUID

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import clients, projects


def named(connection: Connection, client: str, project: str) -> tuple[UUID | None, UUID | None]:
    """The ids of a client and of its project, made where they are new; None for an empty name."""
    if not client:
        return None, None
    client_id = _id_of(connection, clients, name=client)
    return client_id, _id_of(
        connection, projects, client_id=client_id, name=project
    ) if project else None


def _id_of(connection: Connection, table: Table, **key: object) -> UUID:
    same = [table.c[name] == value for name, value in key.items()]
    found = connection.scalar(select(table.c.id).where(*same))
    if found is not None:
        return found
    connection.execute(upsert(table).values(**key).on_conflict_do_nothing())
    return connection.scalars(select(table.c.id).where(*same)).one()


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
