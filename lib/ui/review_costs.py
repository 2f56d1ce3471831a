"""Costs, budget, warnings and what has changed, in the final check (FR1.3.2). HTML of ours."""

from collections.abc import Sequence
from decimal import Decimal

from lib.domain.estimate import Estimate, format_hours
from lib.domain.history import VARIANCE
from lib.domain.money import ZERO, percent, usd
from lib.domain.offers import Tier
from lib.domain.review import BudgetImpact, Change, Notice, Tone
from lib.services.assessment import Assessment
from lib.services.final_check import FinalCheck
from lib.ui.review_cards import rows, section
from lib.ui.spending_cap import AT_THE_CAP, NONE, origin_of
from lib.ui.text import safe

_TONES = {
    Tone.GOOD: ("good", "within 90% of the budget"),
    Tone.TIGHT: ("fair", "90-95% of the budget"),
    Tone.TOO_TIGHT: ("bad", "more than 95% of the budget"),
}


def costs(check: FinalCheck) -> str:
    """The estimate's lines as bars with their shares; range, confidence, alternative."""
    estimate = check.estimate
    bars = "".join(
        f'<li><span>{safe(_name(line.label))}: <b class="num">{usd(line.amount)}</b> '
        f"({safe(line.detail)}) "
        f'<span class="num">[{_share(line.amount, estimate.total)} of total]</span></span>'
        f'<i class="fc-track" aria-hidden="true"><i class="bar-{line.key}" '
        f'style="width:{percent(line.amount, estimate.total)}%"></i></i></li>'
        for line in estimate.lines
    )
    pairs = [
        (
            "Total estimate range",
            f'<b class="num">{usd(estimate.cost_min)} - {usd(estimate.cost_max)}</b> '
            f"(±{VARIANCE * 100:.0f}% variance)",
        ),
        ("Expected", f'<span class="num">{usd(estimate.total)}</span>'),
        (
            "Duration",
            f"{format_hours(estimate.duration_hours)} "
            f"({format_hours(estimate.duration_min_hours)} - "
            f"{format_hours(estimate.duration_max_hours)})",
        ),
        ("Spending cap", _cap(check.assessment)),
        ("Confidence level", safe(_confidence(estimate))),
        ("Comparison", safe(compared(check))),
        ("Basis", safe(estimate.basis)),
    ]
    return section("costs", "Cost Analysis", f'<ul class="fc-bars">{bars}</ul>{rows(pairs)}')


def compared(check: FinalCheck) -> str:
    """`Save $90.00 vs on-demand ($150.00)`, from the real price of the other tier."""
    other, tier = check.other_tier, check.assessment.priced.offer.tier
    if tier is Tier.LOCAL:
        return "This machine: nothing is rented"
    name = "on-demand" if tier is Tier.SPOT else "spot"
    if other is None or other.estimate is None:
        return f"There is no {name} offer of this GPU to compare with"
    difference = other.estimate.total - check.estimate.total
    word = "Save" if difference >= ZERO else "Costs"
    more = "" if difference >= ZERO else " more"
    return f"{word} {usd(abs(difference))}{more} vs {name} ({usd(other.estimate.total)})"


def budget(impact: BudgetImpact) -> str:
    """The month as a bar with this job marked, and the same in figures."""
    tone, meaning = _TONES[impact.tone]
    whole = max(impact.limit, impact.projected) or Decimal(1)
    spoken = f"{impact.used_text}; this job up to {usd(impact.cost_max)} more"
    bar = (
        f'<div class="fc-track fc-month" role="img" aria-label="{safe(spoken)}">'
        f'<i class="m-spent" style="width:{impact.used / whole:.2%}"></i>'
        f'<i class="fc-job fc-job-{tone}" style="width:{impact.cost_max / whole:.2%}"></i></div>'
    )
    reserved = (
        f"<small>of it {usd(impact.reserved)} reserved by active jobs</small>"
        if impact.reserved
        else ""
    )
    pairs = [
        ("Current monthly spend", f'<span class="num">{impact.used_text}</span>{reserved}'),
        (
            "This job",
            f'<b class="fc-mark num">+{usd(impact.cost_max)} '
            f"({'spending cap' if impact.is_cap else 'estimated max'})</b>",
        ),
        (
            "Projected monthly total",
            f'<span class="num">{impact.projected_text}</span> '
            f'<span class="pill {tone}">{meaning}</span>',
        ),
        (
            "Remaining budget after this job",
            f'<span class="num">{impact.remaining_text}</span>',
        ),
        ("Forecast", safe(impact.forecast)),
    ]
    return section("budget", "Budget Impact", bar + rows(pairs))


def warned(notices: Sequence[Notice]) -> str:
    """The warnings that hold; nothing where none does."""
    if not notices:
        return ""
    items = "".join(
        f'<li class="{"fc-info" if notice.information else "fc-warning"}">{safe(notice.text)}</li>'
        for notice in notices
    )
    return section("warnings", "Warnings", f"<ul>{items}</ul>")


def changed(changes: Sequence[Change], refusal: str, blocked: str) -> str:
    """What is no longer as it was shown, old and new, or why it was not started; else empty."""
    told = [refusal, "" if blocked == refusal else blocked]
    if changes:
        told[0] = "This has changed since it was shown. Look at it, and confirm again."
    listed = "".join(
        f"<li>{safe(change.label)}: <s>{safe(change.before)}</s> → "
        f'<b class="num">{safe(change.now)}</b></li>'
        for change in changes
    )
    paragraphs = "".join(f"<p>{safe(text)}</p>" for text in told if text)
    return paragraphs + (f"<ul>{listed}</ul>" if listed else "")


def _cap(assessment: Assessment) -> str:
    """The amount, to be changed here too, where it comes from and what happens at it."""
    cap = assessment.spending_cap
    if cap is None:
        return NONE
    return (
        '<span class="fc-cap"><b aria-hidden="true">$</b>'
        f'<input type="text" inputmode="decimal" data-cap="amount" value="{cap:,.2f}" '
        'aria-label="Spending cap in dollars" maxlength="20">'
        '<button type="button" data-cap="set">Set cap</button></span>'
        f"<small>{safe(origin_of(assessment))} {AT_THE_CAP}</small>"
    )


def _name(label: str) -> str:
    return label.replace(" and ", " & ")  # FR1.3.2 writes "Storage & Transfer"


def _share(amount: Decimal, total: Decimal) -> str:
    return f"{percent(amount, total).normalize():f}%"


def _confidence(estimate: Estimate) -> str:
    if estimate.confidence is None:
        return "no history yet: no finished job says how many stay within it"
    return f"{estimate.confidence.normalize():f}% of jobs finish within this range"
