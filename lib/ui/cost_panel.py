"""The cost panel in the sidebar: always there while a job is configured (FR1.2.1)."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import streamlit as st

from lib.domain.budget import Budget, Verdict, alert, insufficient
from lib.domain.estimate import Estimate, format_hours
from lib.domain.explanations import (
    Movement,
    explain_line,
    formula_against_card,
    movement,
    warnings,
)
from lib.domain.money import ZERO, percent, usd
from lib.domain.offers import ON_DEMAND_KEY, SPOT_KEY, Tier
from lib.domain.people import Person
from lib.domain.presets import PRESETS
from lib.services import budgets, quotes
from lib.services.assessment import Assessment, assess, measure
from lib.services.drafts import OpenDraft
from lib.services.errors import Refusal
from lib.services.estimates import Pricing, Steps
from lib.settings import settings
from lib.ui import drafting, quote_list
from lib.ui.text import safe

_SHOWN = "panel_shown"  # the last estimate on screen, and how it came about


class Shown(NamedTuple):
    """The estimate that was on screen."""

    job_id: UUID
    digest: str
    offer_key: str
    total: Decimal


def draw(person: Person) -> Assessment | None:
    """The estimate of the open draft, what it does to the budget, and the quote."""
    try:
        opened = drafting.open_draft(person)
    except Refusal:
        draw_budget(person)  # the page itself says what is wrong with the address
        return None
    assessment = assess(opened)
    drafting.keep_assessment(assessment)
    if assessment.estimate is None:
        _draw_unpriced(opened, assessment)
    else:
        st.html(estimate_html(assessment, _movement(opened, assessment)))
        _offer_measurement(opened, assessment)
        _draw_quote_button(person, opened)
    st.html(budget_html(assessment.budget, assessment))
    return assessment


def draw_strip(assessment: Assessment) -> None:
    """The figure in one line at the foot of a phone's screen, where the sidebar is folded away."""
    estimate = assessment.estimate
    shown = (
        f"<b>{usd(estimate.cost_min)} – {usd(estimate.cost_max)}</b>"
        f"<span>{format_hours(estimate.duration_hours)}</span>"
        if estimate
        else "<span>Measuring this machine …</span>"
    )
    st.html(f'<div class="cost-strip num" aria-hidden="true">{shown}</div>')


def draw_budget(person: Person) -> None:
    """The month alone, on pages where no job is being configured."""
    st.html(budget_html(budgets.budget_of(person.id)))


def estimate_html(assessment: Assessment, moved: Movement | None = None) -> str:
    """The figures of one estimate; every one of them comes from it."""
    estimate, preset = assessment.estimate, PRESETS[assessment.draft.preset]
    assert estimate is not None
    saving = spot_saving(assessment)
    shares = "".join(
        f'<i class="bar-{line.key}" style="flex:{line.amount}"></i>'
        for line in estimate.lines
        if line.amount > ZERO
    )
    lines = "".join(
        f'<div class="line"><span><b class="dot bar-{line.key}"></b>'
        f"{_tip(line.label, explain_line(line.key, estimate, saving))}</span>"
        f"<span class=num>{'+' if line.key == 'spot_buffer' else ''}{usd(line.amount)}</span>"
        f"<small>{safe(line.detail)}</small></div>"
        for line in estimate.lines
    )
    total = _tip("Total Estimate", explain_line("total", estimate, saving))
    warned = "".join(f'<p class="warn">{safe(text)}</p>' for text in warnings(estimate, preset))
    note = formula_against_card(estimate, preset)
    past = f"{estimate.track.accuracy(preset.title)}. " if estimate.track.runs else ""
    return f"""<section class="panel" aria-label="Cost estimate" aria-live="polite">
      <h2>Cost estimate</h2>{_headline(estimate, moved)}
      <div class="time"><b class="num">{format_hours(estimate.duration_hours)}</b>
        <span class="num">{format_hours(estimate.duration_min_hours)} –
        {format_hours(estimate.duration_max_hours)}</span>
        <small>{_completion(estimate)}</small></div>
      <div class="bar">{shares}</div>{lines}
      <div class="line total"><span>{total}</span><span class=num>{usd(estimate.total)}</span>
        <small class="num">{_range(estimate)}</small></div>
      {warned}{f'<p class="note">{safe(note)}</p>' if note else ""}
      <p class="basis">Basis: {safe(estimate.basis)}; {safe(estimate.confidence_text)}.</p>
      <p class="basis">{safe(past)}{safe(estimate.disclaimer)}</p></section>"""


def spot_saving(assessment: Assessment) -> Decimal | None:
    """What an hour on spot saves of an on-demand hour on the same GPU, in percent."""
    spot, rented = assessment.of(SPOT_KEY), assessment.of(ON_DEMAND_KEY)
    if spot is None or rented is None:
        return None
    rate = rented.offer.hourly_rate
    return percent(rate - spot.offer.hourly_rate, rate)


def _headline(estimate: Estimate, moved: Movement | None) -> str:
    """The range and the expected total; after a change what it was before, and how far it moved."""
    expected = f'<b class="num">{usd(estimate.total)}</b>'
    if moved is None:
        return (
            f'<div class="range num">{_range(estimate)}</div>'
            f'<div class="expected">expected {expected}</div>'
        )
    tone = "up" if moved.difference > ZERO else "down"
    before = f'<span class="num">{usd(moved.before)}</span> → '  # FR1.1.2; FR1.1.3 strikes it out
    if moved.offer_changed:
        before = f'<s class="num">{usd(moved.before)}</s> '
    return (
        f'<div class="range num moved">{_range(estimate)}</div>'
        f'<div class="expected">expected {before}'
        f'<b class="num {tone if moved.offer_changed else ""}">{usd(estimate.total)}</b>'
        f' <span class="{tone} num">{safe(moved.text)}</span></div>'
    )


def _range(estimate: Estimate) -> str:
    return f"{usd(estimate.cost_min)} – {usd(estimate.cost_max)}"


def _completion(estimate: Estimate) -> str:
    done = datetime.now(settings().time_zone) + timedelta(hours=float(estimate.duration_hours))
    when = f"Estimated completion: {done:%a %d %b, %H:%M}"
    if estimate.tier is Tier.LOCAL:
        return when
    spot = "spot " if estimate.tier is Tier.SPOT else ""
    return f"{when} (assuming {spot}provisioning <5 min)"


def _tip(label: str, explained: str) -> str:
    """A label that explains itself on hover, on focus and on a touch."""
    return (
        f'<span class="tip" tabindex="0" data-tip="{safe(explained)}" '
        f'aria-label="{safe(label)}: {safe(explained)}">{safe(label)}</span>'
    )


def budget_html(budget: Budget, assessment: Assessment | None = None) -> str:
    """Spent, reserved and remaining as a meter; with an assessment, what the job would add."""
    limit = max(budget.limit, budget.spent + budget.reserved) or 1
    adding = ZERO
    note = alert(budget) or ""
    if assessment and assessment.decision:
        adding = assessment.decision.cost_max
        if assessment.decision.verdict is not Verdict.WITHIN:
            note = assessment.decision.message
        if not assessment.decision.allowed:
            note = insufficient(assessment.decision, budget)
    widths = (
        ("spent", budget.spent / limit),
        ("reserved", budget.reserved / limit),
        ("adding", min(adding, max(limit - budget.spent - budget.reserved, ZERO)) / limit),
    )
    meter = "".join(f'<i class="m-{name}" style="width:{share:.2%}"></i>' for name, share in widths)
    refused = assessment and assessment.decision and not assessment.decision.allowed
    warning = f'<p class="{"stop" if refused else "warn"}">{safe(note)}</p>' if note else ""
    return f"""<section class="panel budget" aria-label="Monthly budget">
      <h2>Budget {budget.month:%B}</h2>
      <div class="line"><span>Remaining</span><b class="num">{usd(budget.remaining)}</b></div>
      <div class="bar meter">{meter}</div>
      <small class="num">{usd(budget.spent)} spent · {usd(budget.reserved)} reserved · limit
      {usd(budget.limit)}</small>{warning}</section>"""


def _movement(opened: OpenDraft, assessment: Assessment) -> Movement | None:
    """How the figure moved at the last change; None before the first one."""
    assert assessment.estimate is not None
    offer_key, total = assessment.priced.offer.key, assessment.estimate.total
    now = Shown(opened.job_id, assessment.draft.digest, offer_key, total)
    before, moved = st.session_state.get(_SHOWN, (now, None))
    if before.job_id != now.job_id:
        moved = None
    elif before.digest != now.digest:
        moved = movement(before.total, total, offer_changed=before.offer_key != offer_key)
    st.session_state[_SHOWN] = (now, moved)
    return moved


def _offer_measurement(opened: OpenDraft, assessment: Assessment) -> None:
    """Where finished runs give the estimate, measured steps make it surer: on demand."""
    if assessment.priced.steps is Steps.PENDING:
        _wait_for_measurement(opened)
    elif assessment.priced.steps in (Steps.NOT_MEASURED, Steps.FAILED):
        st.button(
            "Measure a few steps",
            icon=":material/timer:",
            width="stretch",
            on_click=measure,
            args=(opened,),
            help="Runs about 20 real training steps of this configuration here, within a minute. "
            "The estimate then rests on them too.",
        )


def _draw_unpriced(opened: OpenDraft, assessment: Assessment) -> None:
    failed = assessment.priced.status is Pricing.FAILED
    title = "This machine could not be measured" if failed else "Measuring this machine"
    st.html(
        f'<section class="panel" aria-live="polite"><h2>Cost estimate</h2>'
        f'<div class="range">{"–" if failed else "…"}</div><b>{title}</b>'
        f"<p>{safe(assessment.priced.message)}</p></section>"
    )
    if failed:
        if st.button("Measure again", icon=":material/refresh:"):
            measure(opened)
            st.rerun()
    else:
        _wait_for_measurement(opened)


@st.fragment(run_every=1.0)
def _wait_for_measurement(opened: OpenDraft) -> None:
    """Looks once a second whether the measured steps are there; then the whole page follows."""
    if assess(opened).priced.steps is not Steps.PENDING:
        st.rerun()
    st.caption("A few real training steps are running here; usually less than a minute.")


def _draw_quote_button(person: Person, opened: OpenDraft) -> None:
    st.download_button(
        "Download Cost Estimate",
        data=lambda: bytes(quotes.issue(person, opened).pdf),
        file_name=f"cost-estimate-{datetime.now(settings().time_zone):%Y-%m-%d-%H%M}.pdf",
        mime="application/pdf",
        icon=":material/picture_as_pdf:",
        width="stretch",
        on_click=quote_list.asked,
        args=(person, opened.job_id),
        help="A numbered PDF quote with exactly these figures. It is kept with the job.",
    )
