"""Commands about offers: offers, offers refresh."""

import argparse

from lib.cli.output import Output, table
from lib.db.connection import migrate
from lib.domain.money import usd
from lib.domain.offers import Offer
from lib.services import accounts, offers


def list_offers(_options: argparse.Namespace) -> Output:
    """Every GPU offer with its rate, its source, and whether it can be started."""
    migrate()
    return _listing()


def refresh(_options: argparse.Namespace) -> Output:
    """The same after reading RunPod's rates anew."""
    migrate()
    offers.refresh(accounts.operator())
    return _listing()


def _listing() -> Output:
    found = offers.offers()
    rows = [
        (
            offer.key,
            offer.gpu_title,
            usd(offer.hourly_rate),
            offer.source,
            offer.stock,
            f"{offer.fetched_at:%Y-%m-%d %H:%M} UTC" if offer.fetched_at else None,
            "no" if offer.unavailable else "yes",
        )
        for offer in found
    ]
    headings = ("OFFER", "GPU", "RATE/HR", "SOURCE", "STOCK", "FETCHED", "STARTS")
    reasons = dict.fromkeys(offer.unavailable for offer in found if offer.unavailable)
    text = "\n\n".join([table(headings, rows, "No offer."), *reasons])
    return Output([_data(offer) for offer in found], text)


def _data(offer: Offer) -> dict[str, object]:
    return {
        "key": offer.key,
        "engine": offer.engine,
        "gpu": offer.gpu,
        "gpu_title": offer.gpu_title,
        "tier": str(offer.tier),
        "hourly_rate": offer.hourly_rate,
        "source": str(offer.source),
        "vram_gb": offer.vram_gb,
        "stock": offer.stock and str(offer.stock),
        "fetched_at": offer.fetched_at,
        "unavailable": offer.unavailable,
    }
