"""Queries of the job history: full text, filters, any order, page by page, on a million jobs.

How a page is found depends on how much matches, since no single plan is fast for all. What matches
few jobs is collected in full through the indexes and then put in order, by rank where there are at
most RANKED. What matches many is met soon by walking an index in the order asked for. The planner
says which it is: its statistics know how often each common word is used. Where it errs, the walk
ends after WINDOW jobs, and the collecting after COLLECTED, so that an error costs little.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy import exists as exists_
from sqlalchemy.dialects.postgresql import JSONB, TSQUERY, TSVECTOR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement, Executable

from lib.db.tables import training_jobs
from lib.db.tables.jobs import COST_ORDER, HOURS_ORDER
from lib.domain.job_search import Cursor, JobQuery, Sort
from lib.domain.states import ACTIVE, JobStatus

RANKED, COLLECTED, WINDOW = 1_000, 10_000, 5_000  # jobs
job = training_jobs.c

_DESCENDING = {Sort.BEST, Sort.NEWEST, Sort.COST, Sort.DURATION}
_KEYS: dict[Sort, ColumnElement[Any]] = {
    Sort.NEWEST: job.created_at,
    Sort.OLDEST: job.created_at,
    Sort.COST: literal_column(COST_ORDER),
    Sort.DURATION: literal_column(HOURS_ORDER),
    Sort.NAME: func.lower(job.name),
}


@dataclass(frozen=True)
class Wanted:
    """A query as the database needs it. `owner` narrows it to what the actor may see; `words` is
    a tsquery; `since` and `before` are moments.
    """

    query: JobQuery
    owner: UUID | None = None
    words: str | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Found:
    """A page as places in its order. `total` is exact, or the planner's guess: not `counted`."""

    places: list[Cursor]
    total: int
    counted: bool
    order: Sort


def prepare(connection: Connection) -> None:
    """For the transaction: plans for the very values asked for, none that takes long to make."""
    connection.execute(
        text(
            "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), "
            "set_config('jit', 'off', true), set_config('work_mem', '64MB', true)"
        )
    )


def find(connection: Connection, wanted: Wanted, after: Cursor | None, limit: int) -> Found:
    """The places of at most `limit` jobs after a cursor."""
    order = after.order if after else wanted.query.order
    if order is Sort.BEST and wanted.words is None:
        order, after = Sort.NEWEST, None
    if order is Sort.BEST and after:
        return _collect(connection, wanted, order, after, limit)  # as the page before it was
    walked = Sort.NEWEST if order is Sort.BEST else order
    if wanted.query.tags:
        guess, many, window = _sampled(connection, wanted), RANKED, 10 * WINDOW
    else:
        guess, many, window = _estimate(connection, wanted), COLLECTED, WINDOW
    if guess > many:
        places = _walk(connection, wanted, walked, after, limit, window)
        if len(places) == limit:
            return Found(places, guess, False, walked)
    found = _collect(connection, wanted, order, after, limit, by_words=not _few(connection, wanted))
    if found.total <= COLLECTED:
        return found
    places = _walk(connection, wanted, walked, after, limit, None)
    return Found(places, max(guess, COLLECTED), False, walked)


def anything_runs(connection: Connection, owner: UUID | None) -> bool:
    """Whether a started job, of the owner or of anybody, has not ended."""
    mine = () if owner is None else (job.created_by == owner,)
    query = select(exists_(select(job.id).where(job.status.in_(ACTIVE), *mine)))
    return bool(connection.scalar(query))


def exists(connection: Connection, wanted: Wanted) -> bool:
    """Whether any job matches."""
    return bool(find(connection, wanted, None, 1).places)


def condition(wanted: Wanted) -> ColumnElement[bool]:
    """The condition on `training_jobs` that all jobs of a search fulfil, to read them all."""
    return and_(*_whose_and_when(wanted), *_conditions(wanted, job))


def _conditions(wanted: Wanted, row: Any, *, by_words: bool = True) -> list[ColumnElement[bool]]:
    """All but whose jobs and of when; `row` is the jobs' columns, wherever they come from."""
    query = wanted.query
    found = [
        or_(row.queued_at.is_not(None), row.status == JobStatus.PENDING_CONFIGURATION),
        row.archived_at.is_not(None) if query.archived else row.archived_at.is_(None),
    ]
    for column, values in ((row.status, query.statuses), (row.gpu_pricing_tier, query.tiers)):
        if values:
            found.append(column.in_([str(value) for value in values]))
    if query.presets:
        drafted = row.draft["preset"].as_string()
        of_draft = and_(row.preset.is_(None), drafted.in_(query.presets))
        found.append(or_(row.preset.in_(query.presets), of_draft))
    if query.tags:
        tags = orjson.dumps(query.tags).decode()
        found.append(row.tags.op("@>")(cast(literal(tags, Text), JSONB)))
    for column, value in ((row.client_id, query.client), (row.project_id, query.project)):
        if value is not None:
            found.append(column == value)
    if query.least is not None:
        found.append(row.cost >= query.least)
    if query.most is not None:
        found.append(row.cost <= query.most)
    if wanted.words is not None:
        # The index is of the column alone: planners know no other way not to use one.
        searched = row.search if by_words else func.coalesce(row.search, cast("", TSVECTOR))
        found.append(searched.op("@@")(cast(wanted.words, TSQUERY)))
    return found


def _whose_and_when(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What the indexes of age can begin with."""
    people = {one for one in (wanted.owner, wanted.query.creator) if one is not None}
    found = [job.created_by == one for one in people]
    if wanted.since is not None:
        found.append(job.created_at >= wanted.since)
    if wanted.before is not None:
        found.append(job.created_at < wanted.before)
    return found


def _estimate(connection: Connection, wanted: Wanted) -> int:
    """How many jobs match, as the planner guesses from its statistics."""
    matching = select(job.id).where(*_whose_and_when(wanted), *_conditions(wanted, job))
    (plan,) = connection.execute(_Explain(matching)).scalar_one()
    return int(plan["Plan"]["Plan Rows"])


def _sampled(connection: Connection, wanted: Wanted) -> int:
    """How many jobs match, judged by the newest: statistics know nothing of what is in a list of
    tags, and a look at every job with a frequent one takes a second.
    """
    newest = select(training_jobs).where(*_whose_and_when(wanted)).order_by(job.created_at.desc())
    met = newest.limit(WINDOW).subquery()
    matching = select(func.count()).where(*_conditions(wanted, met.c))
    everything = replace(wanted, query=JobQuery(creator=wanted.query.creator), words=None)
    among = max(WINDOW, _estimate(connection, everything))
    return connection.execute(matching).scalar_one() * among // WINDOW


def _walk(
    connection: Connection,
    wanted: Wanted,
    order: Sort,
    after: Cursor | None,
    limit: int,
    window: int | None,
) -> list[Cursor]:
    """Jobs as they come in the order, from the first `window` of them where one is given."""
    key = _KEYS[order].label("key")
    walked = select(training_jobs, key).where(*_whose_and_when(wanted))
    walked = _ordered(walked, order, (_KEYS[order],), job.id, after)
    if window is None:
        query = walked.with_only_columns(job.id, key).where(*_conditions(wanted, job)).limit(limit)
    else:
        met = walked.limit(window).subquery()
        query = select(met.c.id, met.c.key).where(*_conditions(wanted, met.c)).limit(limit)
    return [Cursor(order, (row.key,), row.id) for row in connection.execute(query)]


def _few(connection: Connection, wanted: Wanted) -> bool:
    """Whether the filters leave so few jobs that reading all their words is faster than looking up
    every job with a common word.
    """
    if wanted.words is None:
        return False
    filtered = _estimate(connection, replace(wanted, words=None))
    if filtered > COLLECTED:
        return False
    return _estimate(connection, Wanted(JobQuery(), words=wanted.words)) > filtered


def _collect(
    connection: Connection,
    wanted: Wanted,
    order: Sort,
    after: Cursor | None,
    limit: int,
    *,
    by_words: bool = True,
) -> Found:
    """All that matches, at most COLLECTED and one, counted and put in order; without the index of
    words where not `by_words`.
    """
    key = job.created_at if order is Sort.BEST else _KEYS[order]
    columns = [job.id, key.label("key")]
    if order is Sort.BEST:
        columns.append(job.search)
    matches = (
        select(*columns)
        .where(*_whose_and_when(wanted), *_conditions(wanted, job, by_words=by_words))
        .limit(COLLECTED + 1)
        .cte("matches")
    )
    total = select(func.count()).select_from(matches).scalar_subquery()
    keys: tuple[ColumnElement[Any], ...] = (matches.c.key,)
    if order is Sort.BEST:
        rank = cast(func.ts_rank(matches.c.search, cast(wanted.words, TSQUERY)), Double)
        keys = (rank if after else case((total <= RANKED, rank), else_=0.0), matches.c.key)
    named = [key.label(f"key_{at}") for at, key in enumerate(keys)]
    query = _ordered(select(total, matches.c.id, *named), order, keys, matches.c.id, after)
    found = connection.execute(query.limit(limit)).all()
    count = found[0][0] if found else 0
    if order is Sort.BEST and not after and count > RANKED:
        order = Sort.NEWEST
    values = 1 if order is not Sort.BEST else 2
    return Found([Cursor(order, tuple(row[-values:]), row.id) for row in found], count, True, order)


def _ordered(
    query: Select[Any],
    order: Sort,
    keys: Sequence[ColumnElement[Any]],
    id_: ColumnElement[UUID],
    after: Cursor | None,
) -> Select[Any]:
    """The query in its order, from the cursor on: the id decides between equals."""
    columns = (*keys, id_)
    if order in _DESCENDING:
        query = query.order_by(*(column.desc() for column in columns))
    else:
        query = query.order_by(*columns)
    if after is None:
        return query
    place = tuple_(*(literal(value) for value in (*after.values, after.id)))
    row = tuple_(*columns)
    return query.where(row < place if order in _DESCENDING else row > place)


class _Explain(Executable, ClauseElement):
    """A statement's plan instead of its rows."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(_Explain)
def _explain(element: _Explain, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"
