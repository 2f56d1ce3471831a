"""Queries about the words of a search: what the database takes them for, and how they are spelt."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import reduce
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import clients, projects, search_words, training_files, training_jobs
from lib.domain.job_search_spelling import slips_allowed, trigrams
from lib.domain.job_search_text import Term

_ENGLISH: ColumnElement[Any] = literal_column("'pg_catalog.english'::regconfig")
_SIMPLE: ColumnElement[Any] = literal_column("'pg_catalog.simple'::regconfig")
_CANDIDATES = 40  # words whose spelling is compared in full


def lexemes(connection: Connection, terms: Sequence[Term]) -> str | None:
    """The terms as a tsquery; None where nothing is left to look for.

    Words that stand in every text count only where there are no others.
    """
    if not terms:
        return None
    meant, typed = (
        reduce(lambda one, other: one.op("&&")(other), (_term(term, plain) for term in terms))
        for plain in (False, True)
    )
    chosen = case((func.numnode(meant) == 0, typed), else_=meant)
    return connection.scalar(select(cast(chosen, Text))) or None


def any_of(connection: Connection, terms: Sequence[Term], words: Sequence[str]) -> set[str]:
    """Those of the words that one of the terms finds by itself."""
    if not terms or not words:
        return set()
    wanted = reduce(lambda one, other: one.op("||")(other), (_term(term) for term in terms))
    word = func.unnest(cast(list(words), ARRAY(Text))).column_valued("word")
    vector = func.to_tsvector(_ENGLISH, word).op("||")(func.to_tsvector(_SIMPLE, word))
    return set(connection.scalars(select(word).where(vector.op("@@")(wanted))))


def written_since(connection: Connection, moment: datetime, after: UUID, limit: int) -> list[Row]:
    """What is written about jobs, the longest unchanged first, from a moment and an id on."""
    job = training_jobs.c
    return list(
        connection.execute(
            select(
                job.id,
                job.metadata_updated_at,
                func.concat_ws(
                    " ", job.name, job.description, job.notes, training_files.c.name
                ).label("text"),
            )
            .join(training_files, training_files.c.id == job.training_file_id)
            .where(
                tuple_(job.metadata_updated_at, job.id) > tuple_(literal(moment), literal(after))
            )
            .order_by(job.metadata_updated_at, job.id)
            .limit(limit)
        )
    )


def names_around(connection: Connection) -> list[str]:
    """The names of all clients and projects."""
    names = union_all(select(clients.c.name), select(projects.c.name))
    return list(connection.scalars(names))


def keep(connection: Connection, words: Collection[str]) -> None:
    """Remembers words, so that misspelt ones can be mended to them."""
    if words:
        connection.execute(
            upsert(search_words).on_conflict_do_nothing(),
            # Sorted: two who write at once wait for each other in one order.
            [{"word": word, "trigrams": trigrams(word)} for word in sorted(words)],
        )


def spelt_like(connection: Connection, word: str) -> list[str]:
    """Words that share most of their trigrams with this one, those of them with the most first."""
    row = search_words.c
    asked = cast(trigrams(word), ARRAY(Text))
    one = func.unnest(row.trigrams).column_valued("one")
    shared = select(func.count(one)).where(one == func.any(asked))
    slips = slips_allowed(word)
    return list(
        connection.scalars(
            select(row.word)
            .where(
                row.trigrams.overlap(asked),
                func.length(row.word).between(len(word) - slips, len(word) + slips),
            )
            .order_by(shared.correlate(search_words).scalar_subquery().desc(), row.word)
            .limit(_CANDIDATES)
        )
    )


def _term(term: Term, plain: bool = False) -> ColumnElement[Any]:
    """A term as a tsquery: other forms of its words too, unless it is quoted or `plain`.

    Its words hold nothing that a tsquery knows as a sign: letters, digits and marks alone.
    """
    typed = " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.typing else "")
    found: ColumnElement[Any] = func.to_tsquery(_SIMPLE, typed)
    if not plain and not term.quoted:
        if term.typing or len(term.words) > 1:
            found = found.op("||")(func.phraseto_tsquery(_ENGLISH, " ".join(term.words)))
        else:
            found = func.plainto_tsquery(_ENGLISH, term.words[0])
    return func.tsquery_not(found) if term.excluded else found
