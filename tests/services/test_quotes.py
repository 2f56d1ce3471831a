"""Quotes: numbered, with the panel's figures, and the same bytes for ever."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from lib.db import offers
from lib.db import quotes as stored
from lib.db.connection import transaction
from lib.db.tables import gpu_offers, users
from lib.domain.draft import change
from lib.domain.estimate import Estimate
from lib.domain.money import usd
from lib.domain.offers import ON_DEMAND_KEY, SPOT_KEY, Tier, published_offers
from lib.domain.presets import PRESETS
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


def test_a_stored_quote_keeps_its_figures_whatever_changes_later(
    person: Make, draft: Make, configure: Callable[..., None]
) -> None:
    actor = person()
    opened = draft(actor, preset="balanced", client="Before Ltd")
    issued = quotes.issue(actor, opened)
    configure(COMPANY_NAME="Another Name", QUOTE_VALID_DAYS="3", LOCAL_HOURLY_RATE="99.00")
    with transaction() as connection:
        connection.execute(users.update().where(users.c.id == actor.id).values(name="Renamed"))
        fetched = datetime.now(UTC)
        dearer = [replace(offer, hourly_rate=Decimal("17.77")) for offer in published_offers()]
        offers.store(connection, dearer, fetched)
    try:
        changed = change(opened.draft, today(), preset="aggressive", client="After Ltd")
        moved = drafts.save(actor, opened, changed)
        later = quotes.issue(actor, moved)
        assert Estimate.from_dict(later.estimate).hourly_rate == Decimal("17.77")
    finally:
        with transaction() as connection:
            connection.execute(gpu_offers.delete().where(gpu_offers.c.fetched_at == fetched))
    kept = quotes.document(actor, issued.id)
    columns = ("pdf", "sha256", "estimate", "content", "client", "valid_until", "configuration")
    assert {c: getattr(kept, c) for c in columns} == {c: getattr(issued, c) for c in columns}
    assert quotes.stored_range(kept) == quotes.stored_range(issued)


def test_the_presets_and_tiers_are_priced_side_by_side(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor, preset="balanced", overrides={"num_train_epochs": 5})
    shown = words(quotes.issue(actor, opened).pdf)
    assert "Balanced, modified" in shown
    assert "Modified from Balanced: Epochs 5 instead of 3" in shown
    assert "Locked: unlock after 3 successful training runs" in shown
    for preset in PRESETS:
        for key in (SPOT_KEY, ON_DEMAND_KEY):
            plain = replace(opened.draft, preset=preset, overrides={}, offer_key=key)
            estimate = assess(replace(opened, draft=plain)).estimate
            assert usd(estimate.total) in shown
    assert shown.count("This quote") == 1
    assert "This machine" not in shown  # nothing was measured on it


def test_this_machine_is_compared_where_it_was_measured(person: Make, local_draft: Make) -> None:
    actor = person()
    opened = local_draft(actor, cost="10.00")
    shown = words(quotes.issue(actor, opened).pdf)
    assert "This machine, own hardware" in shown
    assert "H100 PCIe 80GB, spot" in shown and "H100 PCIe 80GB, on demand" in shown
    assert "Not measured here yet" in shown
    assert "no GPU is rented" in shown


def test_a_later_quote_for_the_same_job_says_what_it_changed(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor, preset="balanced")
    first = quotes.issue(actor, opened)
    assert "replaces" not in words(first.pdf)
    changes = {"preset": "conservative", "offer_key": ON_DEMAND_KEY}
    opened = drafts.save(actor, opened, change(opened.draft, today(), **changes))
    second = quotes.issue(actor, opened)
    shown = words(second.pdf)
    assert f"{second.number} replaces the earlier quotes for this job." in shown
    total = usd(Estimate.from_dict(first.estimate).total)
    assert f"{first.number} {today().day} {today():%B %Y} {total} First quote for this job" in shown
    assert "Conservative preset instead of Balanced; Epochs 2 instead of 3;" in shown
    line = [(q.number, q.revision, q.replaced_by) for q in quotes.of_job(actor, opened.job_id)]
    assert line == [(second.number, 2, None), (first.number, 1, second.number)]


def test_a_quote_of_an_earlier_version_is_listed_and_revised(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor)
    estimate = assess(opened).estimate
    with transaction() as connection:
        stored.add(
            connection,
            number=stored.next_number(connection, 2025),
            job_id=opened.job_id,
            created_by=actor.id,
            valid_until=today(),
            draft_digest="old",
            estimate=estimate.to_dict(),
            job_name="Old",
            pdf=b"%PDF-old",
            sha256="old",
        )
    (old,) = quotes.listing(actor)
    assert quotes.stored_range(old) == (estimate.cost_min, estimate.cost_max)
    assert "The configuration before was not recorded" in words(quotes.issue(actor, opened).pdf)


def test_several_alternatives_are_quoted_at_once(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor, preset="balanced")
    usual = [one for one in quotes.alternatives(opened) if one.usual]
    assert [one.choice.title for one in usual] == [
        "Conservative, on H100 PCIe 80GB, spot",
        "Balanced, on H100 PCIe 80GB, spot",
        "Balanced, on H100 PCIe 80GB, on demand",
        "Aggressive, on H100 PCIe 80GB, spot",
    ]
    issued = quotes.issue_alternatives(actor, opened, [one.key for one in usual])
    assert (issued.kind, issued.configuration) == ("comparison", "4 alternatives")
    assert quotes.stored_choices(issued) == tuple(one.choice for one in usual)
    shown = words(issued.pdf)
    for one in usual:
        estimate = one.choice.estimate
        for amount in (estimate.total, estimate.cost_min, estimate.cost_max):
            assert usd(amount) in shown
    assert quotes.stored_range(issued) == (
        usual[0].choice.estimate.cost_min,
        usual[2].choice.estimate.cost_max,
    )


def test_a_run_on_this_machine_is_quoted_beside_rented_ones(
    person: Make, local_draft: Make
) -> None:
    actor = person()
    opened = local_draft(actor, cost="10.00")
    usual = [one for one in quotes.alternatives(opened) if one.usual]
    tiers = [one.choice.estimate.tier for one in usual]
    assert tiers == [Tier.SPOT, Tier.ON_DEMAND, Tier.LOCAL]
    shown = words(quotes.issue_alternatives(actor, opened, [one.key for one in usual]).pdf)
    assert "Conservative, on This machine, own hardware" in shown


def test_a_quote_of_one_alternative_or_of_an_unknown_one_is_refused(
    person: Make, draft: Make
) -> None:
    actor = person()
    opened = draft(actor)
    first, second, *_ = (one.key for one in quotes.alternatives(opened))
    for keys in ([], [first], [first, first], [first, "nothing"], [first, second, *"abcde"]):
        with pytest.raises(Refusal):
            quotes.issue_alternatives(actor, opened, keys)
    assert quotes.of_job(actor, opened.job_id) == []


def test_quotes_are_found_by_what_they_say(person: Make, draft: Make) -> None:
    actor = person(name="Zoë Maker")
    one = draft(actor, name="Spring tone", client="Acmé 株式会社", project="Q4 100%_sure")
    other = draft(actor, name="Autumn tone")
    spring, autumn = quotes.issue(actor, one).number, quotes.issue(actor, other).number

    def found(search: str) -> list[str]:
        return [quote.number for quote in quotes.listing(actor, search)]

    assert found("") == [autumn, spring]
    for search in ("spring", "acmé", "株式", "100%_s", spring.lower(), " Spring "):
        assert found(search) == [spring], search
    assert found("zoë") == found(actor.email) == [autumn, spring]
    for hostile in ("%'; DROP TABLE quotes; --", "\\", "\x00_x", "[", "nothing"):
        assert found(hostile) == [], hostile
    assert quotes.listing(actor, limit=1)[0].number == autumn


def test_own_quotes_are_listed_and_everybodys_for_managers(person: Make, draft: Make) -> None:
    actor, stranger, manager = person(), person(), person(role="manager")
    number = quotes.issue(actor, draft(actor)).number
    theirs = draft(stranger)
    by_manager = quotes.issue(manager, drafts.load(manager, theirs.job_id)).number
    assert [quote.number for quote in quotes.listing(actor)] == [number]
    assert [quote.number for quote in quotes.listing(stranger)] == [by_manager]
    assert {number, by_manager} <= {quote.number for quote in quotes.listing(manager)}
    assert quotes.numbered(actor, f" {number.lower()} ").number == number
    for person_, asked in ((stranger, number), (actor, "Q-1999-00000"), (actor, "\x00")):
        with pytest.raises(NotFound):
            quotes.numbered(person_, asked)


def words(pdf: bytes) -> str:
    """All text of a PDF on one line."""
    pages = (page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    return " ".join(" ".join(pages).split())


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
