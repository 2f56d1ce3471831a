"""The job history: what was looked for, page by page, as far as the actor may see it (FR1.3.1)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import clients, job_search, job_search_rows, job_search_words, tags, users
from lib.db.connection import reading
from lib.db.job_search import Wanted
from lib.domain.job_search import Cursor, JobQuery, Sort, clean
from lib.domain.job_search_marks import Match, around_first, marks, whole
from lib.domain.job_search_spelling import nearest
from lib.domain.job_search_text import Term, places, terms
from lib.domain.people import Person
from lib.settings import settings

PAGE = 50  # jobs
_STREAMED = 1_000  # jobs a round trip
#: Fields that are shown in full anyway; of the others, what is around the first match.
_SHOWN = ("name", "tags", "client", "project", "file")


@dataclass(frozen=True)
class Result:
    """A job of the list, and what of it matches by field, in the order in which that counts."""

    job: Row
    matches: Mapping[str, Match]


@dataclass(frozen=True)
class Page:
    """Some jobs in `order`. `next` is the cursor of the following page, None at the end.

    `total` is how many match, a guess where they were too many to be `counted`. `mended` are the
    words that nothing was found for, each with the one that was looked for instead.
    """

    results: list[Result]
    next: str | None
    total: int
    counted: bool
    order: Sort
    mended: tuple[tuple[str, str], ...] = ()

    @property
    def rows(self) -> list[Row]:
        """The jobs alone."""
        return [result.job for result in self.results]

    @property
    def mended_words(self) -> tuple[str, str]:
        """The words that nothing was found for, and those looked for instead."""
        typed, used = zip(*self.mended, strict=True)
        return " ".join(typed), " ".join(used)


@dataclass(frozen=True)
class Choices:
    """What the list can be narrowed to, by id and name; creators only for who sees others' jobs."""

    creators: Mapping[UUID, str]
    clients: Mapping[UUID, str]
    projects: Mapping[UUID, str]
    tags: Sequence[str]


def search(actor: Person, query: JobQuery, after: str | None = None, limit: int = PAGE) -> Page:
    """A page of the jobs that match, beginning after a cursor.

    Where nothing is found, misspelt words are mended; what for comes from visible jobs alone.
    """
    asked = terms(clean(query.text))
    with reading() as connection:
        job_search.prepare(connection)
        wanted = resolved(connection, actor, query, asked)
        found = job_search.find(connection, wanted, Cursor.decode(after), limit + 1)
        mended: dict[str, str] = {}
        if not found.places and after is None and asked:
            mended = _mended(connection, wanted, asked)
            if mended:
                asked = tuple(_replaced(term, mended) for term in asked)
                words = job_search_words.lexemes(connection, asked)
                found = job_search.find(connection, replace(wanted, words=words), None, limit + 1)
        shown = found.places[:limit]
        rows = job_search_rows.by_ids(connection, (place.id for place in shown))
        return Page(
            results=_marked(connection, rows, asked),
            next=shown[-1].encode() if len(found.places) > limit else None,
            total=found.total,
            counted=found.counted,
            order=found.order,
            mended=tuple(mended.items()),
        )


def ids(actor: Person, query: JobQuery, limit: int) -> list[UUID]:
    """The first jobs that match, at most so many, in the order asked for."""
    found: list[UUID] = []
    with reading() as connection:
        job_search.prepare(connection)
        wanted = resolved(connection, actor, query)
        after = None
        while len(found) < limit:
            size = min(_STREAMED, limit - len(found))
            places_ = job_search.find(connection, wanted, after, size).places
            found += (place.id for place in places_)
            if len(places_) < size:
                break
            after = places_[-1]
    return found


def anything_runs(actor: Person) -> bool:
    """Whether a job that the actor may see goes on, so that the list changes by itself."""
    with reading() as connection:
        return job_search.anything_runs(connection, None if actor.may_see_all_jobs else actor.id)


def resolved(
    connection: Connection, actor: Person, query: JobQuery, asked: Sequence[Term] | None = None
) -> Wanted:
    """A query with all that the database must know: whose jobs may be seen, words, moments.

    `asked` are the terms of its text, where they are known already.
    """
    asked = terms(clean(query.text)) if asked is None else asked
    until = query.until if query.until and query.until < date.max else None
    return Wanted(
        query=query,
        owner=None if actor.may_see_all_jobs else actor.id,
        words=job_search_words.lexemes(connection, asked),
        since=_midnight(query.since) if query.since else None,
        before=_midnight(until + timedelta(days=1)) if until else None,
    )


def mended(connection: Connection, actor: Person, query: JobQuery) -> Wanted:
    """The query as `search` shows it, for who reads all that match: misspelt words are mended
    where nothing is found.
    """
    asked = terms(query.text)
    wanted = resolved(connection, actor, query, asked)
    if asked and not job_search.exists(connection, wanted):
        spelt = _mended(connection, wanted, asked)
        words = job_search_words.lexemes(connection, [_replaced(term, spelt) for term in asked])
        wanted = replace(wanted, words=words)
    return wanted


def choices(actor: Person) -> Choices:
    """What the filters offer."""
    with reading() as connection:
        around = clients.listed(connection)
        people = users.members(connection) if actor.may_see_all_jobs else []
        return Choices(
            creators={person.id: person.name for person in people},
            clients={row.client_id: row.client for row in around},
            projects={
                row.project_id: f"{row.client} → {row.project}"
                for row in around
                if row.project_id is not None
            },
            tags=tags.known(connection),
        )


def _midnight(day: date) -> datetime:
    """When the day begins by the billing time zone's clock; in UTC, since year 1 has no zones."""
    if day.year <= 1:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.combine(day, time.min, settings().time_zone).astimezone(UTC)


def _marked(connection: Connection, rows: Sequence[Row], asked: Sequence[Term]) -> list[Result]:
    """Each row with its matches; what the database takes for a match is marked, nothing else."""
    positive = [term for term in asked if not term.excluded]
    single = [term for term in positive if len(term.words) == 1]
    phrases = [term for term in positive if len(term.words) > 1]
    if not positive:
        return [Result(row, {}) for row in rows]
    texts = [_texts(row) for row in rows]
    begins = {term.words[0][0] for term in single}  # no stem begins with another letter
    words = {
        word
        for fields in texts
        for text in fields.values()
        for *_, word in places(text)
        if word and word[0] in begins
    }
    matching = job_search_words.any_of(connection, single, sorted(words))
    return [
        Result(row, _matches(fields, matching, phrases))
        for row, fields in zip(rows, texts, strict=True)
    ]


def _texts(row: Row) -> dict[str, str]:
    return {
        "name": row.name,
        "description": row.description,
        "notes": row.notes,
        "tags": " ".join(row.tags),
        "client": row.client_name or "",
        "project": row.project_name or "",
        "file": row.file_name,
    }


def _matches(
    fields: Mapping[str, str], matching: Collection[str], phrases: Sequence[Term]
) -> dict[str, Match]:
    found = {name: marks(text, matching, phrases) for name, text in fields.items()}
    return {
        name: Match(
            name, len(spans), (whole if name in _SHOWN else around_first)(fields[name], spans)
        )
        for name, spans in found.items()
        if spans
    }


def _mended(connection: Connection, wanted: Wanted, asked: Sequence[Term]) -> dict[str, str]:
    """For each word that finds no visible job, the nearest one that does, if the whole then finds
    any. Words that only other people's jobs have are as if they did not exist.
    """
    alone = Wanted(JobQuery(), owner=wanted.owner)

    def finds(terms_: Sequence[Term], where: Wanted) -> bool:
        words = job_search_words.lexemes(connection, terms_)
        return words is not None and job_search.exists(connection, replace(where, words=words))

    mended: dict[str, str] = {}
    for word in dict.fromkeys(_words(asked)):
        if finds([Term((word,), typing=True)], alone):
            continue
        near = nearest(word, job_search_words.spelt_like(connection, word))
        meant = next((other for other in near if finds([Term((other,))], alone)), None)
        if meant is None:
            return {}
        mended[word] = meant
    if not mended or not finds([_replaced(term, mended) for term in asked], wanted):
        return {}
    return mended


def _words(asked: Sequence[Term]) -> Iterator[str]:
    return (word for term in asked if not term.excluded for word in term.words)


def _replaced(term: Term, mended: Mapping[str, str]) -> Term:
    if term.excluded or not any(word in mended for word in term.words):
        return term
    return replace(term, words=tuple(mended.get(word, word) for word in term.words), typing=False)
