"""Clients and their projects, to which jobs and their cost are attributed (FR1.3.1).

Everybody may name and see clients; the sums are of the jobs that the person may see. Renaming and
archiving is for those who manage.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import activity, client_costs, clients, quotes
from lib.db.connection import reading, transaction
from lib.domain.client_costs import Costs, Entry, Part, total
from lib.domain.people import MANAGING, Person, clean_name
from lib.services.errors import NotAllowed, NotFound, Refusal

_Sums = dict[tuple[UUID | None, UUID | None], Costs]


@dataclass(frozen=True)
class Overview:
    """All clients by name, and the costs of jobs that are for nobody."""

    entries: tuple[Entry, ...]
    unattributed: Costs


def known() -> dict[str, list[str]]:
    """The names of all that are not archived, each client with its projects."""
    with reading() as connection:
        found: dict[str, list[str]] = {}
        for row in clients.listed(connection):
            if row.client_archived_at is None:
                listed = found.setdefault(row.client, [])
                if row.project is not None and row.project_archived_at is None:
                    listed.append(row.project)
        return found


def overview(actor: Person) -> Overview:
    """All clients with their projects and costs: an analyst's are those of their own jobs."""
    with reading() as connection:
        sums = {
            (row.client_id, row.project_id): _costs(row)
            for row in client_costs.totals(connection, _creator(actor))
        }
        rows = clients.listed(connection)
    by_client: dict[UUID, list[Row]] = {}
    for row in rows:
        by_client.setdefault(row.client_id, []).append(row)
    entries = tuple(_entry(listed, sums) for listed in by_client.values())
    return Overview(entries, sums.get((None, None), Costs()))


def costs(actor: Person, client_id: UUID, project_id: UUID | None = None) -> list[Part]:
    """What a client's or a project's jobs have cost, by project, month, preset and creator."""
    with reading() as connection:
        _found(connection, client_id, project_id)
        rows = client_costs.parts(connection, client_id, project_id, _creator(actor))
    return [
        Part(row.project or "", row.month, row.preset or "", row.creator, _costs(row))
        for row in rows
    ]


def quotes_of(actor: Person, client_id: UUID, project_id: UUID | None = None) -> list[Row]:
    """The newest quotes of the client's jobs that the actor may see, as they were issued."""
    with reading() as connection:
        return quotes.of_client(connection, client_id, project_id, owner=_creator(actor))


def create(actor: Person, name: str, client_id: UUID | None = None) -> UUID:
    """A new client, or a new project of a client.

    Raises ValueError for a bad name, Refusal where there is one that differs in case or spaces
    alone, NotFound for an unknown client.
    """
    name = clean_name(name)
    with transaction() as connection:
        if client_id is not None:
            _found(connection, client_id, None)
        _check_free(connection, name, client_id)
        made = clients.add(connection, name, client_id)
        kind = "client_created" if client_id is None else "project_created"
        activity.record(connection, kind, actor_id=actor.id, subject=str(made))
        return made


def rename(actor: Person, name: str, client_id: UUID, project_id: UUID | None = None) -> None:
    """Gives a client, or one of its projects, another name; its jobs and drafts follow.

    Raises NotAllowed, NotFound, and like `create` for the name.
    """
    name = clean_name(name)
    with _changing(actor, "renamed", client_id, project_id) as (connection, subject):
        parent = None if project_id is None else client_id
        _check_free(connection, name, parent, but=subject.id)
        client = _found(connection, client_id, None)
        clients.rename(connection, client, subject if project_id else None, name)


def archive(actor: Person, client_id: UUID, project_id: UUID | None = None) -> None:
    """Offers it in the wizard no longer; its jobs keep it. Raises NotAllowed, NotFound."""
    with _changing(actor, "archived", client_id, project_id) as (connection, _):
        clients.write(connection, client_id, project_id, archived_at=datetime.now(UTC))


def restore(actor: Person, client_id: UUID, project_id: UUID | None = None) -> None:
    """Offers it again. Raises NotAllowed, NotFound."""
    with _changing(actor, "restored", client_id, project_id) as (connection, _):
        clients.write(connection, client_id, project_id, archived_at=None)


def may_manage(actor: Person) -> bool:
    """Whether the actor renames, archives and restores, and sees the sums of everybody's jobs."""
    return actor.role in MANAGING


@contextmanager
def _changing(
    actor: Person, done: str, client_id: UUID, project_id: UUID | None
) -> Iterator[tuple[Connection, Row]]:
    """A transaction with the client's or project's row in it, by somebody who may change it."""
    if not may_manage(actor):
        raise NotAllowed("Only managers, admins and the owner rename and archive clients.")
    with transaction() as connection:
        subject = _found(connection, client_id, project_id)
        yield connection, subject
        activity.record(
            connection,
            f"{'project' if project_id else 'client'}_{done}",
            actor_id=actor.id,
            subject=str(subject.id),
        )


def _found(connection: Connection, client_id: UUID, project_id: UUID | None) -> Row:
    row = clients.by_id(connection, client_id, project_id)
    if row is None:
        raise NotFound(f"There is no such {'project' if project_id else 'client'}.")
    return row


def _check_free(
    connection: Connection, name: str, client_id: UUID | None, but: UUID | None = None
) -> None:
    clients.lock_names(connection)
    same = clients.alike(connection, name, client_id)
    if same is not None and same.id != but:
        kind = "client" if client_id is None else "project of this client"
        archived = " It is archived: restore it." if same.archived_at is not None else ""
        raise Refusal(f"There is a {kind} called “{same.name}” already.{archived}")


def _creator(actor: Person) -> UUID | None:
    """Whose jobs count: an analyst's own, or everybody's."""
    return None if actor.may_see_all_jobs else actor.id


def _entry(rows: list[Row], sums: _Sums) -> Entry:
    client_id = rows[0].client_id
    listed = tuple(
        Entry(
            row.project_id,
            row.project,
            row.project_archived_at,
            sums.get((client_id, row.project_id), Costs()),
        )
        for row in rows
        if row.project_id is not None
    )
    own = total([sums.get((client_id, None), Costs()), *(one.costs for one in listed)])
    return Entry(client_id, rows[0].client, rows[0].client_archived_at, own, listed)


def _costs(row: Row) -> Costs:
    return Costs(
        row.jobs,
        row.actual,
        row.committed,
        row.last_run,
        row.completed,
        row.completed_actual,
        row.completed_estimated,
    )
