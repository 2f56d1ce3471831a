"""Jobs as a file to take away (FR1.3.1): CSV for spreadsheets, JSON for programs and imports.

A file is made while it is read, in constant memory, from one moment of the database. Its fields
are those of lib/domain/job_record.py.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from lib.db import activity
from lib.db import job_export as queries
from lib.db.connection import reading, transaction
from lib.domain.job_record import COLUMNS, SCHEMA, cells, record
from lib.domain.job_search import JobQuery
from lib.domain.people import Person
from lib.domain.spreadsheet import BYTE_ORDER_MARK, csv_line
from lib.services import job_search

Wanted = JobQuery | Sequence[UUID]
Progress = Callable[[int], None]  # jobs written so far
_CHUNK = 64 * 1024  # characters that are handed on at once


def stream_csv(
    actor: Person, what: Wanted, progress: Progress = lambda jobs: None
) -> Generator[bytes]:
    """The jobs as UTF-8 CSV that Excel reads: one line a job, headings first, newest job first.

    Only what the actor may see is in it: other jobs are left out in silence. Taking it is recorded
    before the first bytes. Raises DatabaseUnavailable, at any time.
    """

    def lines() -> Iterator[str]:
        yield BYTE_ORDER_MARK + csv_line(COLUMNS)
        for row in _counted(_rows(actor, what), progress):
            yield csv_line(cells(row))

    _record(actor, what, "csv")
    yield from _chunks(lines())


def stream_json(
    actor: Person, what: Wanted, progress: Progress = lambda jobs: None
) -> Generator[bytes]:
    """The same as one JSON object {schema, exported_at, jobs}; see `stream_csv`."""

    def parts() -> Iterator[str]:
        moment = datetime.now(UTC).isoformat()
        yield f'{{"schema": {SCHEMA}, "exported_at": "{moment}", "jobs": ['
        for number, row in enumerate(_counted(_rows(actor, what), progress)):
            yield ("," if number else "") + "\n"
            yield json.dumps(record(row), ensure_ascii=False, allow_nan=False)
        yield "\n]}\n"

    _record(actor, what, "json")
    yield from _chunks(parts())


def _rows(actor: Person, what: Wanted) -> Iterator[Mapping[str, Any]]:
    owner = None if actor.may_see_all_jobs else actor.id
    with reading() as connection:
        wanted = job_search.mended(connection, actor, what) if isinstance(what, JobQuery) else what
        yield from queries.stream(connection, wanted, owner)


def _counted(rows: Iterable[Mapping[str, Any]], progress: Progress) -> Iterator[Mapping[str, Any]]:
    for number, row in enumerate(rows, 1):
        yield row
        progress(number)


def _chunks(texts: Iterable[str]) -> Iterator[bytes]:
    """The same text in larger pieces: each costs its receiver a turn."""
    waiting, size = [], 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= _CHUNK:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting).encode()


def _record(actor: Person, what: Wanted, format_: str) -> None:
    selection: dict[str, Any] = (
        {"query": what.to_params()}
        if isinstance(what, JobQuery)
        else {"jobs": list(map(str, what))}
    )
    with transaction() as connection:
        activity.record(
            connection,
            "jobs_exported",
            actor_id=actor.id,
            details={"format": format_, **selection},
        )
