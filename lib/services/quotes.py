"""Quotes: the panel's figures on paper, numbered, stored, and the same bytes at every download."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row

from lib.db import activity, jobs, quotes
from lib.db.connection import reading, transaction
from lib.domain.estimate import Estimate
from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.quote import MOST_CHOICES, Choice, Comparison, amounts, summary, validity
from lib.domain.quote_revisions import Content, Issued, revisions
from lib.quotes import render
from lib.services import quote_content
from lib.services.drafts import OpenDraft, today
from lib.services.errors import NotFound, Refusal
from lib.services.quote_content import RATE_SOURCES, Board, board, shown_value
from lib.services.visibility import visible
from lib.settings import settings

__all__ = ["RATE_SOURCES", "shown_value"]

_NOT_FOUND = "There is no such quote, or it is not yours to see."


@dataclass(frozen=True)
class Alternative:
    """What may be put in a quote of several: `usual` is whether it is by default."""

    key: str
    offer_key: str
    usual: bool
    choice: Choice


@dataclass(frozen=True)
class _Ground:
    """What a quote is made from: prices, its number, the job's earlier quotes, oldest first."""

    board: Board
    number: str
    line: tuple[Row, ...]


def issue(actor: Person, opened: OpenDraft) -> Row:
    """Makes and stores a quote of an open draft as it is now. Raises Refusal while unpriced."""
    ground = _read(opened)
    chosen = (quote_content.own_choice(ground.board),)
    return _store(actor, opened, ground, chosen, quote_content.comparison(ground.board))


def alternatives(opened: OpenDraft) -> tuple[Alternative, ...]:
    """All that can be quoted beside the draft: presets and tiers, and the draft itself.

    The usual ones are the three presets on the draft's offer and the draft on the other tier; on
    both tiers where it is to run on this machine.
    """
    with reading() as connection:
        return _alternatives(board(connection, opened))


def issue_alternatives(actor: Person, opened: OpenDraft, keys: Collection[str]) -> Row:
    """One quote for several alternatives, named by their keys, in the order they are listed.

    Raises Refusal for fewer than two, too many, or one that is no longer priced.
    """
    wanted = set(keys)
    if not 2 <= len(wanted) <= MOST_CHOICES:
        raise Refusal(f"Choose from 2 to {MOST_CHOICES} alternatives for one quote.")
    ground = _read(opened)
    found = {one.key: one.choice for one in _alternatives(ground.board)}
    if not wanted <= set(found):
        raise Refusal("An alternative is no longer there: look at the list again.")
    chosen = tuple(choice for key, choice in found.items() if key in wanted)
    return _store(actor, opened, ground, chosen, None)


def of_job(actor: Person, job_id: UUID) -> list[Row]:
    """The quotes of a job, newest first, without the documents."""
    with reading() as connection:
        visible(actor, jobs.by_id(connection, job_id), "quote")
        return quotes.of_job(connection, job_id)


def listing(actor: Person, search: str = "", limit: int = 200) -> list[Row]:
    """The newest quotes the actor may see, without the documents; see lib/db/quotes.py."""
    owner = None if actor.may_see_all_jobs else actor.id
    with reading() as connection:
        return quotes.listing(
            connection, owner=owner, search=search.replace("\x00", "").strip(), limit=limit
        )


def document(actor: Person, quote_id: UUID) -> Row:
    """A stored quote with its PDF, byte for byte as issued. Raises NotFound."""
    with reading() as connection:
        quote = quotes.by_id(connection, quote_id)
        if quote is None:
            raise NotFound(_NOT_FOUND)
        visible(actor, jobs.by_id(connection, quote.job_id), "quote")
    return quote


def numbered(actor: Person, number: str) -> Row:
    """A stored quote by its number, described as in the lists. Raises NotFound."""
    with reading() as connection:
        quote_id = quotes.id_of(connection, number.replace("\x00", ""))
    if quote_id is None:
        raise NotFound(_NOT_FOUND)
    job_id = document(actor, quote_id).job_id
    return next(quote for quote in of_job(actor, job_id) if quote.id == quote_id)


def stored_choices(quote: Row) -> tuple[Choice, ...]:
    """What a stored quote offers; empty for one of a version that did not keep it."""
    return Content.from_dict(quote.content).choices if quote.content else ()


def stored_range(quote: Row) -> tuple[Decimal, Decimal]:
    """The least and the most of a stored quote, over all its alternatives, in dollars."""
    estimates = [choice.estimate for choice in stored_choices(quote)]
    estimates = estimates or [Estimate.from_dict(quote.estimate)]
    return min(one.cost_min for one in estimates), max(one.cost_max for one in estimates)


def stored_total(quote: Row) -> str:
    """The expected total as paper says it; from the least to the most of alternatives."""
    choices = stored_choices(quote)
    return amounts(choices) if choices else usd(Estimate.from_dict(quote.estimate).total)


def state(quote: Row) -> str:
    """Whether a described quote was replaced, else whether it still holds today."""
    if quote.replaced_by:
        return f"Replaced by {quote.replaced_by}"
    return validity(quote.valid_until, today()).text


def _alternatives(board: Board) -> tuple[Alternative, ...]:
    own = board.assessment.priced.offer
    return tuple(
        Alternative(
            key=f"{row.key} on {priced.offer.key}",
            offer_key=priced.offer.key,
            usual=priced.offer.key == own.key
            or (row.key == board.own_row and (own.is_local or not priced.offer.is_local)),
            choice=quote_content.choice(board, row, priced),
        )
        for row, priced in board.entries()
        if priced.estimate is not None
    )


def _read(opened: OpenDraft) -> _Ground:
    with transaction() as connection:
        return _Ground(
            board=board(connection, opened),
            number=quotes.next_number(connection, today().year),
            line=tuple(reversed(quotes.of_job(connection, opened.job_id))),
        )


def _store(
    actor: Person,
    opened: OpenDraft,
    ground: _Ground,
    chosen: tuple[Choice, ...],
    comparison: Comparison | None,
) -> Row:
    """Draws and stores a quote."""
    content = Content(opened.file.name, opened.file.content_hash, chosen)
    now = Issued(ground.number, today(), content, amounts(chosen))
    quote = quote_content.compose(
        actor, opened, chosen, comparison, revisions([*map(_issued, ground.line), now])
    )
    pdf = render(quote)  # outside any transaction: it takes a second
    with transaction() as connection:
        quote_id = quotes.add(
            connection,
            number=quote.number,
            kind=quote.kind,
            job_id=opened.job_id,
            created_by=actor.id,
            created_at=quote.issued_at,
            valid_until=quote.valid_until,
            draft_digest=ground.board.assessment.digest,
            estimate=chosen[0].estimate.to_dict(),
            job_name=quote.job_name,
            client=quote.client,
            project=quote.project,
            configuration=summary(chosen),
            content=content.to_dict(),
            pdf=pdf,
            sha256=hashlib.sha256(pdf).hexdigest(),
        )
        activity.record(connection, "quote_issued", actor_id=actor.id, subject=quote.number)
        row = quotes.by_id(connection, quote_id)
    assert row is not None
    return row


def _issued(quote: Row) -> Issued:
    return Issued(
        number=quote.number,
        issued_on=quote.created_at.astimezone(settings().time_zone).date(),
        content=Content.from_dict(quote.content) if quote.content else None,
        total=stored_total(quote),
    )
