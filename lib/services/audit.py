"""The audit log (FR1.2.2): who sees which entries, its export, and whether its chain is whole."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import audit as queries
from lib.db import users
from lib.db.connection import reading
from lib.domain.audit import GENESIS, Break, Entry, Filter, explain, first_break, original_id
from lib.domain.people import ADMINISTERING, MANAGING, Person
from lib.domain.spreadsheet import csv_line
from lib.services.errors import NotAllowed
from lib.settings import settings

A_PAGE = 100
_TOLD_EVERY = 5_000  # rows
_NOT_THERE = (
    "cut off or rewritten: no row has the noted hash, so rows at the end were removed, or the "
    "chain was computed anew"
)
COLUMNS = (
    *("id", "timestamp", "action_type", "amount", "user_name", "user_email", "actor_name"),
    *("actor_email", "job_id", "job_name", "justification", "details", "ip_address"),
    *("previous_hash", "hash"),
)


@dataclass(frozen=True)
class Head:
    """The end of the chain: note it elsewhere, and it shows later that nothing was cut off."""

    rows: int
    id: int
    hash: str


@dataclass(frozen=True)
class Verification:
    """What came of following the chain. `rows` are those in order; `reason` says what is wrong."""

    rows: int
    first_broken: int | None
    reason: str
    head: str | None  # of the last row in order

    @property
    def intact(self) -> bool:
        return not self.reason


@dataclass(frozen=True)
class Page:
    """Some entries, and the id after which the next page goes on, if there is one."""

    entries: list[Row]
    next_after: int | None


def entries(
    actor: Person, wanted: Filter, *, after: int | None = None, limit: int = A_PAGE
) -> Page:
    """The entries that the actor may see, newest first unless the filter says otherwise.

    Analysts see what concerns themselves, managers also what concerns their team, admins and the
    owner all. `after` is a page's `next_after`: entries written meanwhile move nothing.
    """
    with reading() as connection:
        people = _seen_by(connection, actor)
        found = queries.page(connection, _clean(wanted), people, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(found[:limit], found[limit - 1].id if more else None)


def as_csv(actor: Person, wanted: Filter) -> Iterator[str]:
    """The same entries for a spreadsheet, a line at a time; no cell is taken for a formula."""
    yield csv_line(COLUMNS)
    with reading() as connection:
        people = _seen_by(connection, actor)
        for entry in queries.stream(connection, _clean(wanted), people):
            yield csv_line(_cell(entry, name) for name in COLUMNS)


def day(text: str) -> date:
    """`2026-11-24`. Raises ValueError, also for days that no log can have."""
    found = date.fromisoformat(text)
    if not 2000 <= found.year < 3000:
        raise ValueError(f"{text} is not a day between 2000 and 2999")
    return found


def period(first: date | None, last: date | None) -> dict[str, datetime | None]:
    """A filter's `since` and `before`: whole days of the billing time zone, both included."""
    zone = settings().time_zone
    return {
        "since": datetime.combine(first, time(), zone) if first else None,
        "before": datetime.combine(last + timedelta(days=1), time(), zone) if last else None,
    }


def subjects(actor: Person) -> list[Row]:
    """The people to filter by, by name; disabled ones left out."""
    with reading() as connection:
        people = _seen_by(connection, actor)
        everyone = users.everyone(connection)
    return [user for user in everyone if people is None or user.id in people]


def head(actor: Person) -> Head | None:
    """The newest row's id and hash; None while the log is empty. Raises NotAllowed."""
    _check(actor)
    with reading() as connection:
        found = queries.head(connection)
        return Head(queries.count(connection), found.id, found.hash) if found else None


def verify(
    actor: Person,
    noted: str | None = None,
    progress: Callable[[int, int], None] = lambda done, rows: None,
) -> Verification:
    """Recomputes the whole chain, row by row, and names the first row that breaks it.

    `noted` is a head noted earlier: without one, rows cut off at the end and a chain that was
    computed anew from some row on cannot be told. `progress` is called with the rows done and all
    rows. Raises NotAllowed, ValueError for a `noted` that is no hash.
    """
    _check(actor)
    wanted = None if noted is None else _clean_hash(noted)
    done, last, is_there = 0, None, wanted is None
    with reading() as connection:
        rows = queries.count(connection)

        def seen(entry: Entry) -> None:
            nonlocal done, last, is_there
            done, last = done + 1, entry.hash
            is_there = is_there or entry.hash == wanted
            if done % _TOLD_EVERY == 0:
                progress(done, rows)

        broken = first_break(queries.chain(connection), seen)
        if broken is not None:
            return Verification(done, broken.entry.id, _explained(connection, broken), last)
    return Verification(done, None, "" if is_there else _NOT_THERE, last)


def _explained(connection: Connection, broken: Break) -> str:
    newest = queries.head(connection)
    written_as = original_id(broken.entry, newest.id + 1) if newest and broken.own_hash else None
    chained_to = (
        0
        if broken.entry.previous_hash == GENESIS
        else queries.id_of(connection, broken.entry.previous_hash)
    )
    return explain(broken, written_as=written_as, chained_to=chained_to)


def _seen_by(connection: Connection, actor: Person) -> list[UUID] | None:
    """Whose entries the actor sees; None is everybody's. Disabled users stay in their team."""
    if actor.role in ADMINISTERING:
        return None
    team = users.team_of(connection, actor.id) if actor.role in MANAGING else []
    return [actor.id, *team]


def _check(actor: Person) -> None:
    if actor.role not in ADMINISTERING:
        raise NotAllowed("Only an admin or the owner verifies the audit log.")


def _clean(wanted: Filter) -> Filter:
    return replace(wanted, text=wanted.text.replace("\x00", "").strip())


def _clean_hash(text: str) -> str:
    cleaned = text.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", cleaned):
        raise ValueError("noted hash: write the 64 hexadecimal digits that `audit head` printed")
    return cleaned


def _cell(entry: Row, name: str) -> object:
    value = getattr(entry, name)
    if name == "timestamp":
        return value.isoformat()
    if name == "details":
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value) if isinstance(value, UUID) or (name == "ip_address" and value) else value
