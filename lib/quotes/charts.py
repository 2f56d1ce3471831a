"""The two drawings of a quote: where the money goes, and what else it could have cost."""

from collections.abc import Sequence
from decimal import Decimal

from lib.paper.sheet import ACCENT, FAINT, SOFT, Sheet
from lib.paper.typesetter import Colour

SHARES: tuple[Colour, ...] = (ACCENT, SOFT, FAINT)
_SHORTEST = 0.6  # mm: an amount of nothing still shows where its bar would start


def share_colour(index: int) -> Colour:
    """The colour of a part of a stacked bar and of its mark in the table beside it."""
    return SHARES[index % len(SHARES)]


def stacked_bar(
    sheet: Sheet, amounts: Sequence[Decimal], x: float, y: float, width: float, height: float
) -> None:
    """The amounts side by side, as wide as their shares; draws nothing when all are zero."""
    total = sum(amounts)
    if not total:
        return
    for index, amount in enumerate(amounts):
        part = width * float(amount / total)
        if part:
            sheet.fill(x, y, part, height, share_colour(index))
        x += part


def bar(
    sheet: Sheet,
    amount: Decimal,
    largest: Decimal,
    *,
    x: float,
    y: float,
    width: float,
    height: float,
    colour: Colour,
) -> None:
    """One amount as its share of the largest, which fills the width."""
    share = float(amount / largest) if largest else 0.0
    sheet.fill(x, y, max(width * share, _SHORTEST), height, colour)
