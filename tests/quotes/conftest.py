"""Quotes to print: the published H100 estimate of a 447-pair file, and a free run here."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lib.domain.estimate import Measurement, measured_estimate, published_estimate
from lib.domain.offers import local_offer, published_offers
from lib.domain.quote import Alternative, Quote

SPOT, ON_DEMAND = published_offers()
LOCAL = local_offer(Decimal("0.00"))


def published(preset: str, offer=SPOT, epochs: int = 3):
    return published_estimate(training_pairs=447, preset=preset, epochs=epochs, offer=offer)


@pytest.fixture(scope="session")
def local_estimate():
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
        number="Q-2026-00042",
        issued_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        issued_on=date(2026, 11, 24),
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
        trainable_pairs=375,
        pairs_explained=(
            "The file declares 447 training pairs, which the published formula prices; 375 of "
            "them have an answer to learn from."
        ),
        preset_title="Balanced",
        parameters=(
            ("Rank (r)", "16"),
            ("LoRA Alpha", "32"),
            ("Dropout Rate", "0.1"),
            ("Learning Rate", "0.0002"),
            ("Epochs", "3"),
            ("Batch Size", "2"),
            ("Gradient Accumulation", "2"),
            ("Warm-up", "0.05"),
            ("Schedule", "cosine"),
            (
                "Target Modules",
                "q_proj, v_proj, k_proj, o_proj, gate_proj, up_proj, down_proj",
            ),
        ),
        offer_title=SPOT.title,
        rate_source="published default rate",
        estimate=published("balanced"),
        alternatives=(
            Alternative("Balanced, on demand", published("balanced", ON_DEMAND)),
            Alternative("Conservative, spot", published("conservative", epochs=2)),
            Alternative("Aggressive, spot", published("aggressive", epochs=4)),
        ),
        accuracy="No finished run to compare with yet: this is the published baseline.",
    )


@pytest.fixture(scope="session")
def local_quote(spot_quote: Quote, local_estimate) -> Quote:
    return replace(
        spot_quote,
        client="",
        project="",
        description="",
        offer_title=LOCAL.title,
        rate_source="set for this installation",
        estimate=local_estimate,
        alternatives=(Alternative("Same, on H100 PCIe 80GB, spot", published("balanced")),),
    )
