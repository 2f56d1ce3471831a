"""The panel's tooltips (FR1.2.1), with figures counted or computed, never those of the text."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from lib.domain.estimate import HOURS_PER_INTERRUPTION_WINDOW, PUBLISHED_FORMULA, Estimate
from lib.domain.money import ZERO, percent, usd
from lib.domain.presets import Preset

CHEAPEST = "conservative"
_EXAMPLE_HOURS = Decimal(12)  # the published sentence speaks of a 12-hour job


@dataclass(frozen=True)
class Movement:
    """How the total moved at a change of the configuration, in dollars and in words."""

    before: Decimal
    difference: Decimal
    offer_changed: bool
    text: str


def movement(before: Decimal, now: Decimal, *, offer_changed: bool) -> Movement | None:
    """From one total to the next (FR1.1.3's words for another GPU, FR1.2.1's for the rest).

    None where the total is the same.
    """
    difference = now - before
    if difference == ZERO:
        return None
    arrow, amount = ("↑", usd(difference)) if difference > ZERO else ("↓", usd(-difference))
    if offer_changed:
        words = f"{amount} increase" if difference > ZERO else f"{amount} saved"
    elif difference > ZERO:
        words = f"{amount} higher than previous estimate"
    else:
        words = f"{amount} savings vs previous"
    share = f" ({percent(difference, before):+}%)" if before else ""
    return Movement(before, difference, offer_changed, f"{arrow} {words}{share}")


def explain_line(key: str, estimate: Estimate, spot_saving: Decimal | None) -> str:
    """What one breakdown line, or the `total`, is. `spot_saving`: percent of an on-demand hour."""
    if key == "gpu_compute":
        saving = f" Spot instances offer {spot_saving}% savings." if spot_saving else ""
        return f"Primary cost based on training duration.{saving}"
    if key == "spot_buffer":
        return (
            "Estimated overhead for automatic checkpoint recovery if interrupted. "
            f"Average {_recoveries(estimate)} recoveries per 12-hour job."
        )
    if key == "storage":
        return "Disk and transfer of checkpoints and the adapter."
    assert key == "total", key
    inside = (
        f"{estimate.confidence.normalize():f}% of jobs finish within this range."
        if estimate.confidence is not None
        else "No finished job yet to say how many stay within it."
    )
    return f"Conservative range accounting for variance. {inside}"


def warnings(estimate: Estimate, preset: Preset) -> tuple[str, ...]:
    """The estimate's warnings; a Conservative job is not told to consider Conservative."""
    if preset.name != CHEAPEST:
        return estimate.warnings
    return tuple(text.replace(" or consider Conservative preset", "") for text in estimate.warnings)


def formula_against_card(estimate: Estimate, preset: Preset) -> str | None:
    """Why the figure is not the one on the preset's card, and what would settle it; or None.

    Without a finished run the published formula and the published card are all there is, and for
    the published example (242 conversations, 1,567 pairs) they differ seventeenfold.
    """
    least, most = preset.typical.hours
    if estimate.algorithm_version != PUBLISHED_FORMULA or estimate.track.runs:
        return None
    if least <= estimate.duration_hours <= most:
        return None
    return (
        f"The {preset.title} card promises {least}-{most} hours; the published formula gives "
        f"{estimate.duration_hours:,.0f} for this file. Nothing has settled it yet: one finished "
        "run on this GPU would."
    )


def _recoveries(estimate: Estimate) -> str:
    windows = (_EXAMPLE_HOURS / HOURS_PER_INTERRUPTION_WINDOW).to_integral_value(ROUND_CEILING)
    return f"{windows * (estimate.interruption_rate or 0):.1f}"
