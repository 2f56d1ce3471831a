"""Quotes to print: the published H100 estimate of a 447-pair file, and a free run here."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lib.domain.estimate import Estimate, measured_estimate, published_estimate
from lib.domain.measurement import Measurement
from lib.domain.offers import Offer, local_offer, published_offers
from lib.domain.presets import PRESETS
from lib.domain.quote import Cell, Choice, ComparedPreset, Comparison, Quote, Revision

SPOT, ON_DEMAND = published_offers()
LOCAL = local_offer(Decimal("0.00"))
PARAMETERS = (
    ("Rank (r)", "16"),
    ("LoRA Alpha", "32"),
    ("Dropout Rate", "0.1"),
    ("Learning Rate", "0.0002"),
    ("Epochs", "3"),
    ("Batch Size", "2"),
    ("Gradient Accumulation", "2"),
    ("Warm-up", "0.05"),
    ("Schedule", "cosine"),
    ("Target Modules", "q, v, k, o, gate, up, down"),
)


def published(preset: str, offer: Offer = SPOT) -> Estimate:
    epochs = PRESETS[preset].hyperparameters.num_train_epochs
    return published_estimate(training_pairs=447, preset=preset, epochs=epochs, offer=offer)


def compared(preset: str, quoted: bool = False) -> ComparedPreset:
    """The preset on both tiers; it is quoted on spot."""
    return ComparedPreset(
        PRESETS[preset].title,
        (Cell(published(preset), quoted=quoted), Cell(published(preset, ON_DEMAND))),
        note="Locked: unlock after 3 successful training runs" if preset == "aggressive" else "",
    )


def choice(preset: str = "balanced", offer: Offer = SPOT, **changes: object) -> Choice:
    made = Choice(
        preset_title=PRESETS[preset].title,
        offer_title=offer.title,
        rate_source="published default rate",
        parameters=PARAMETERS,
        changes=(),
        notes=(),
        estimate=published(preset, offer),
    )
    return replace(made, **changes)


@pytest.fixture(scope="session")
def local_estimate() -> Estimate:
    measurement = Measurement(
        startup_seconds=Decimal(9),
        tokens_per_second=Decimal(800),
        tokens_per_epoch=52_000,
        finish_seconds=Decimal(3),
        steps_measured=3,
        steps_per_epoch=18,
    )
    return measured_estimate(measurement, epochs=3, offer=LOCAL)


@pytest.fixture(scope="session")
def spot_quote() -> Quote:
    return Quote(
        revisions=(
            Revision("Q-2026-00042", date(2026, 11, 24), "$168.07", ("first quote for this job",)),
        ),
        issued_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        valid_until=date(2026, 12, 24),
        company="Northwind Language Models",
        made_by="Ada Kowalska",
        made_by_email="ada.kowalska@northwind.example",
        client="Elena Morales Financial",
        project="Advisor voice, phase 2",
        job_name="Emotional intelligence adapter for financial advice",
        description=(
            "First production adapter on the reviewed conversations; it answers in the adviser's "
            "own tone and hands over when a client is in distress."
        ),
        training_file="advisor-conversations-2026-11.json",
        conversations=72,
        training_pairs=447,
        pairs_explained=(
            "The file declares 447 training pairs, which the published formula prices; 375 of "
            "them have an answer to learn from."
        ),
        choices=(choice(),),
        comparison=Comparison(
            offers=((SPOT.title, SPOT.hourly_rate), (ON_DEMAND.title, ON_DEMAND.hourly_rate)),
            rows=(compared("conservative"), compared("balanced", True), compared("aggressive")),
        ),
    )


@pytest.fixture(scope="session")
def revised_quote(spot_quote: Quote) -> Quote:
    """The third quote for a job."""
    earlier = (
        Revision("Q-2026-00036", date(2026, 11, 20), "$535.73", ("first quote for this job",)),
        Revision(
            "Q-2026-00040",
            date(2026, 11, 23),
            "$168.07 – $535.73",
            ("4 alternatives instead of one configuration",),
        ),
    )
    last = replace(
        spot_quote.revisions[-1],
        changes=("Balanced, on H100 PCIe 80GB, spot, out of 4 alternatives",),
    )
    return replace(spot_quote, revisions=(*earlier, last))


@pytest.fixture(scope="session")
def alternatives_quote(spot_quote: Quote) -> Quote:
    """The three presets on spot, and the balanced one on demand."""
    return replace(
        spot_quote,
        choices=(
            choice("conservative"),
            choice("balanced"),
            choice("balanced", ON_DEMAND),
            choice("aggressive", notes=("Locked: unlock after 3 successful training runs",)),
        ),
        comparison=None,
    )


@pytest.fixture(scope="session")
def local_quote(spot_quote: Quote, local_estimate: Estimate) -> Quote:
    here = choice(
        offer_title=LOCAL.title,
        rate_source="this installation's own rate",
        estimate=local_estimate,
    )
    offers = ((SPOT.title, SPOT.hourly_rate), (LOCAL.title, LOCAL.hourly_rate))
    rows = (
        ComparedPreset("Conservative", (Cell(published("conservative")), Cell(None))),
        ComparedPreset(
            "Balanced", (Cell(published("balanced")), Cell(local_estimate, quoted=True))
        ),
    )
    return replace(
        spot_quote,
        client="",
        project="",
        description="",
        choices=(here,),
        comparison=Comparison(offers, rows),
    )
