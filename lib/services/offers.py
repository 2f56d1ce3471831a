"""The offers a job can be priced and started on."""

from lib.domain.offers import Offer, local_offer, published_offers
from lib.services.errors import Refusal
from lib.settings import settings


def offers() -> tuple[Offer, ...]:
    """All offers, rented first: the published H100 rates and this machine."""
    return (*published_offers(), local_offer(settings().local_hourly_rate))


def offer(key: str) -> Offer:
    """The offer with this key. Raises Refusal where it is no longer offered."""
    for candidate in offers():
        if candidate.key == key:
            return candidate
    raise Refusal("The GPU offer of this draft is no longer there. Choose another one.")
