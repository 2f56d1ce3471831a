"""Quotes: numbered, with the panel's figures, and the same bytes for ever."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lib.domain.draft import change
from lib.domain.estimate import Estimate
from lib.domain.offers import SPOT_KEY
from lib.services import drafts, quotes
from lib.services.assessment import assess
from lib.services.drafts import today
from lib.services.errors import NotFound, Refusal

Make = Callable[..., Any]


def test_a_quote_has_the_figures_that_are_shown(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor, preset="balanced", offer_key=SPOT_KEY)
    issued = quotes.issue(actor, opened)
    assert Estimate.from_dict(issued.estimate) == assess(opened).estimate
    assert issued.pdf.startswith(b"%PDF-")
    assert hashlib.sha256(issued.pdf).hexdigest() == issued.sha256


def test_a_stored_quote_stays_as_it_was_issued(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor, preset="balanced")
    issued = quotes.issue(actor, opened)
    drafts.save(actor, opened, change(opened.draft, today(), preset="conservative"))
    drafts.discard(actor, opened.job_id)
    assert quotes.document(actor, issued.id).pdf == issued.pdf
    assert [quote.number for quote in quotes.of_job(actor, opened.job_id)] == [issued.number]


def test_every_quote_has_a_number_of_its_own(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor)
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: quotes.issue(actor, opened).number, range(4)))
    assert len(set(numbers)) == 4
    assert all(number.startswith(f"Q-{today().year}-") for number in numbers)


def test_the_quotes_of_others_are_not_found(person: Make, draft: Make) -> None:
    actor, stranger = person(), person()
    opened = draft(actor)
    issued = quotes.issue(actor, opened)
    for call in (
        lambda: quotes.document(stranger, issued.id),
        lambda: quotes.of_job(stranger, opened.job_id),
        lambda: quotes.document(actor, actor.id),
    ):
        with pytest.raises(NotFound):
            call()
    assert quotes.document(person(role="manager"), issued.id).sha256 == issued.sha256


def test_there_is_no_quote_without_an_estimate(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor, offer_key="local/this-machine/local")
    with pytest.raises(Refusal, match="still being measured"):
        quotes.issue(actor, opened)
    assert quotes.of_job(actor, opened.job_id) == []
