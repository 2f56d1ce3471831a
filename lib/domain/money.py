"""Money: US dollars as Decimal, rounded to the cent in one place, one way (half up)."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
LARGEST_AMOUNT = Decimal("9999999999.99")  # what NUMERIC(12, 2) holds
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")


def cents(amount: Decimal | int | str) -> Decimal:
    """The amount in dollars, rounded half up to the cent."""
    return Decimal(amount).quantize(CENT, rounding=ROUND_HALF_UP)


def usd(amount: Decimal) -> str:
    """`Decimal("1234.5")` as `$1,234.50`, `-3` as `-$3.00`."""
    rounded = cents(amount)
    return f"-${-rounded:,.2f}" if rounded < 0 else f"${rounded:,.2f}"


def parse_usd(text: str, field: str) -> Decimal:
    """A typed amount such as `1,250.50` or `$75`. Raises ValueError naming the field."""
    cleaned = text.strip().removeprefix("$")
    if "," in cleaned and not _GROUPED.fullmatch(cleaned):  # else 12,50 would become 1250
        raise ValueError(f"{field}: {text!r:.40} is not an amount in dollars such as 1,250.50")
    cleaned = cleaned.replace(",", "")
    try:
        amount = Decimal(cleaned)
    except InvalidOperation:
        raise ValueError(f"{field}: {text!r:.40} is not an amount in dollars") from None
    if not amount.is_finite() or "e" in cleaned.lower():
        raise ValueError(f"{field}: write a plain amount such as 500.00")
    if amount < 0 or amount > LARGEST_AMOUNT:
        raise ValueError(f"{field}: must be between $0.00 and {usd(LARGEST_AMOUNT)}")
    return cents(amount)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """`part` of `whole` in percent with one decimal; 0 when there is no whole."""
    if whole == 0:
        return Decimal("0.0")
    return (part / whole * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
