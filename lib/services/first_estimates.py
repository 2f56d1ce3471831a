"""What a job on a training file would take before anything is configured (FR1.1.1)."""

from dataclasses import dataclass

from sqlalchemy import Row

from lib.db.connection import reading
from lib.domain.draft import new_draft
from lib.domain.estimate import Estimate
from lib.domain.offers import SPOT_KEY, Offer
from lib.services.drafts import today
from lib.services.estimates import price, read_past
from lib.services.offers import offer


@dataclass(frozen=True)
class FirstEstimate:
    """The suggested preset on the spot offer that every new draft begins with."""

    preset: str
    offer: Offer
    estimate: Estimate


def first_estimate(file: Row) -> FirstEstimate:
    """Priced as the draft will be that a job on this file begins with."""
    draft = new_draft(str(file.id), file.name, file.conversation_count, today())
    with reading() as connection:
        spot = offer(SPOT_KEY, connection)
        priced = price(connection, draft, file, spot, read_past(connection), ask=False)
    assert priced.estimate is not None  # a rented offer is never measured first
    return FirstEstimate(draft.preset, spot, priced.estimate)
