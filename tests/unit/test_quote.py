"""What a quote says beside its figures: terms, accuracy, validity, and what it changed."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from lib.domain.estimate import published_estimate
from lib.domain.history import TrackRecord
from lib.domain.offers import published_offers
from lib.domain.quote import Choice, accuracy, amounts, validity
from lib.domain.quote_revisions import Content, Issued, changes, revisions

SPOT, ON_DEMAND = published_offers()
TODAY = date(2026, 11, 24)


def choice(preset: str = "Balanced", offer=SPOT, epochs: int = 3, **changed: object) -> Choice:
    estimate = published_estimate(
        training_pairs=447, preset=preset.lower(), epochs=epochs, offer=offer
    )
    parameters = (("Rank (r)", "16"), ("Epochs", str(epochs)))
    made = Choice(preset, offer.title, "published default rate", parameters, (), (), estimate)
    return replace(made, **changed)


def issued(*choices: Choice, number: str = "Q-2026-00001", file: str = "a.json") -> Issued:
    return Issued(number, TODAY, Content(file, f"hash of {file}", choices), amounts(choices))


def test_a_choice_comes_back_from_json_as_it_was() -> None:
    one = choice(changes=("Epochs 5 instead of 3",), notes=("locked",))
    content = Content("a.json", "hash", (one, choice(offer=ON_DEMAND)))
    assert Content.from_dict(json.loads(json.dumps(content.to_dict(), default=str))) == content


@pytest.mark.parametrize(
    ("left", "expired", "text"),
    [
        (14, False, "Valid"),
        (8, False, "Valid"),
        (7, False, "Expires in 7 days"),
        (1, False, "Expires in 1 day"),
        (0, False, "Expires today"),
        (-1, True, "Expired"),
    ],
)
def test_a_quote_says_how_long_it_holds(left: int, expired: bool, text: str) -> None:
    found = validity(TODAY + timedelta(days=left), TODAY)
    assert (found.expired, found.text) == (expired, text)


def test_accuracy_never_invents_a_count() -> None:
    one = choice()
    assert dict(accuracy(one))["Finished runs"] == "None to compare with yet"
    track = TrackRecord(runs=4, inside=3, preset_runs=0, preset_error=None)
    known = dict(accuracy(replace(one, estimate=replace(one.estimate, track=track))))
    assert known["Finished runs"] == "4 to compare with, 3 of them within ±15 % of the estimate"
    assert known["Confidence"].startswith("75% confidence")
    assert known["Past estimates"] == "No finished Balanced run to compare with yet"


def test_the_first_quote_revises_nothing() -> None:
    (first,) = revisions([issued(choice())])
    assert (first.total, first.changes) == ("$168.07", ("first quote for this job",))


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (choice(), ["issued again, unchanged"]),
        (choice(epochs=5), ["Epochs 5 instead of 3"]),
        (choice(offer=ON_DEMAND), ["H100 PCIe 80GB, on demand instead of H100 PCIe 80GB, spot"]),
        (
            choice("Conservative", epochs=2),
            ["Conservative preset instead of Balanced", "Epochs 2 instead of 3"],
        ),
        (
            choice(offer=replace(SPOT, hourly_rate=Decimal("2.99"))),
            ["rate $2.99/hr instead of $2.49/hr"],
        ),
        (
            choice(estimate=replace(choice().estimate, basis="3 finished runs")),
            ["estimated by 3 finished runs instead of published formula"],
        ),
        (
            choice(estimate=replace(choice().estimate, spot_buffer=Decimal("9.00"))),
            ["the past runs behind the estimate"],
        ),
    ],
)
def test_a_later_quote_says_what_it_changed(later: Choice, said: list[str]) -> None:
    assert list(changes(issued(choice()), issued(later))) == said


def test_another_file_is_named() -> None:
    found = changes(issued(choice()), issued(choice(), file="b.json"))
    assert found == ("training file b.json instead of a.json",)


def test_alternatives_that_came_and_went_are_named() -> None:
    one, other = choice(), choice(offer=ON_DEMAND)
    three = issued(one, other, choice("Conservative", epochs=2))
    assert changes(issued(one), three) == ("3 alternatives instead of one configuration",)
    assert changes(three, issued(other)) == (f"{other.title}, out of 3 alternatives",)
    assert changes(three, issued(one, other)) == ("without Conservative, on H100 PCIe 80GB, spot",)
    dearer = choice(offer=replace(ON_DEMAND, hourly_rate=Decimal("8.49")))
    assert changes(issued(one, other), issued(one, dearer)) == (
        f"{other.title}: rate $8.49/hr instead of $7.99/hr",
    )


def test_a_quote_of_an_earlier_version_is_listed_without_its_configuration() -> None:
    old = Issued("Q-2026-00001", TODAY, None, "$12.00")
    first, now = revisions([old, issued(choice(), number="Q-2026-00002")])
    assert (first.number, first.total) == ("Q-2026-00001", "$12.00")
    assert now.changes == ("the configuration before was not recorded",)


def test_several_totals_are_told_from_the_least_to_the_most() -> None:
    assert amounts((choice(offer=ON_DEMAND), choice())) == "$168.07 – $535.73"
    assert amounts((choice(),)) == "$168.07"
