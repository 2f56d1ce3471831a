"""The presets of one training file side by side, each on the offers one would choose between."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Row

from lib.db import preset_records as records
from lib.db.connection import reading
from lib.domain.draft import Draft
from lib.domain.offers import H100_PCIE, Offer, Tier
from lib.domain.preset_record import QuarterRecord
from lib.domain.presets import PRESETS
from lib.services.assessment import Assessment
from lib.services.estimates import Past, Priced, price


def price_presets(
    connection: Connection, draft: Draft, file: Row, offers: Sequence[Offer], past: Past
) -> dict[str, tuple[Priced, ...]]:
    """Every preset with its own hyperparameters on every offer, in the order of both.

    The draft's overrides and limit of steps are left out. This machine is never measured for it:
    where it has not been, its `Priced` has no estimate.
    """
    return {
        preset: tuple(
            price(connection, with_preset(draft, preset), file, offer, past, ask=False)
            for offer in offers
        )
        for preset in PRESETS
    }


def presets_side_by_side(assessment: Assessment) -> dict[str, tuple[Priced, ...]]:
    """What the preset page compares: every preset on the tiers of the draft's GPU (FR1.1.2).

    This machine is among them only where the draft is to run on it.
    """
    chosen = assessment.priced.offer
    known = [entry.offer for entry in (assessment.priced, *assessment.others)]
    shown = [
        offer
        for offer in offers_side_by_side(known, chosen)
        if chosen.is_local or not offer.is_local
    ]
    with reading() as connection:
        return price_presets(connection, assessment.draft, assessment.file, shown, assessment.past)


def preset_records() -> list[QuarterRecord]:
    """How the presets have done, quarter by quarter, the newest first (FR1.1.2's analytics)."""
    with reading() as connection:
        return records.read(connection)


def with_preset(draft: Draft, preset: str) -> Draft:
    """The draft as the preset has it, without what the user changed."""
    return replace(draft, preset=preset, overrides={}, max_steps=None)


def offers_side_by_side(offers: Sequence[Offer], chosen: Offer) -> tuple[Offer, ...]:
    """The tiers of the chosen GPU, spot first, and this machine.

    Where this machine is chosen they are those of the published GPU, or else of the first rented.
    """
    rented = [offer.gpu for offer in offers if not offer.is_local]
    gpu = chosen.gpu
    if chosen.is_local:
        gpu = H100_PCIE if H100_PCIE in rented else next(iter(rented), chosen.gpu)
    beside = (offer for offer in offers if offer.is_local or offer.gpu == gpu)
    return tuple(sorted(beside, key=lambda offer: list(Tier).index(offer.tier)))
