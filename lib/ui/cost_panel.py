"""The cost panel in the sidebar: always there while a job is configured (FR1.2.1)."""

from datetime import datetime, timedelta

import streamlit as st

from lib.domain.budget import Budget, Verdict, alert
from lib.domain.estimate import Estimate, format_hours
from lib.domain.money import ZERO, usd
from lib.domain.people import Person
from lib.services import budgets, quotes
from lib.services.assessment import Assessment, assess, measure_again
from lib.services.drafts import OpenDraft
from lib.services.errors import Refusal
from lib.services.estimates import Pricing
from lib.settings import settings
from lib.ui import drafting, quote_list
from lib.ui.text import safe

_SHOWN = "panel_shown"  # (job id, digest, total) of the last estimate on screen


def draw(person: Person) -> Assessment | None:
    """The estimate of the open draft, what it does to the budget, and the quote."""
    try:
        opened = drafting.open_draft(person)
    except Refusal:
        draw_budget(person)  # the page itself says what is wrong with the address
        return None
    assessment = assess(opened)
    if assessment.estimate is None:
        _draw_unpriced(opened, assessment)
    else:
        st.html(estimate_html(assessment.estimate, _delta(opened, assessment)))
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


def estimate_html(estimate: Estimate, delta: str = "") -> str:
    """The figures of one estimate; every one of them comes from it."""
    shares = "".join(
        f'<i class="bar-{line.key}" style="flex:{line.amount}"></i>'
        for line in estimate.lines
        if line.amount > ZERO
    )
    lines = "".join(
        f'<div class="line"><span><b class="dot bar-{line.key}"></b>{safe(line.label)}</span>'
        f"<span class=num>{usd(line.amount)}</span>"
        f"<small>{safe(line.detail)}</small></div>"
        for line in estimate.lines
    )
    done = datetime.now(settings().time_zone) + timedelta(hours=float(estimate.duration_hours))
    warnings = "".join(f'<p class="warn">{safe(text)}</p>' for text in estimate.warnings)
    return f"""<section class="panel" aria-label="Cost estimate" aria-live="polite">
      <h2>Cost estimate</h2>
      <div class="range num">{usd(estimate.cost_min)} – {usd(estimate.cost_max)}</div>
      <div class="expected">expected <b class="num">{usd(estimate.total)}</b>{delta}</div>
      <div class="time"><b class="num">{format_hours(estimate.duration_hours)}</b>
        <span class="num">{format_hours(estimate.duration_min_hours)} –
        {format_hours(estimate.duration_max_hours)}</span>
        <small>If started now: done {done:%a %d %b, %H:%M}</small></div>
      <div class="bar">{shares}</div>{lines}
      <div class="line total"><span>Total</span><span class=num>{usd(estimate.total)}</span></div>
      <p class="basis">±15% · {safe(estimate.basis)} · {safe(estimate.confidence_text)}</p>
      {warnings}</section>"""


def budget_html(budget: Budget, assessment: Assessment | None = None) -> str:
    """Spent, reserved and remaining as a meter; with an assessment, what the job would add."""
    limit = max(budget.limit, budget.spent + budget.reserved) or 1
    adding = ZERO
    note = alert(budget) or ""
    if assessment and assessment.decision:
        adding = assessment.decision.cost_max
        if assessment.decision.verdict is not Verdict.WITHIN:
            note = assessment.decision.message
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


def _delta(opened: OpenDraft, assessment: Assessment) -> str:
    """How the figure moved at the last change, with its arrow and colour."""
    assert assessment.estimate is not None
    now = (opened.job_id, assessment.draft.digest, assessment.estimate.total)
    before, moved = st.session_state.get(_SHOWN, (now, ""))
    if before[0] != now[0]:
        before, moved = now, ""
    if before[1] != now[1]:
        change = now[2] - before[2]
        if change > ZERO:
            moved = f' <span class="up num">↑ {usd(change)} higher than previous estimate</span>'
        elif change < ZERO:
            moved = f' <span class="down num">↓ {usd(-change)} savings vs previous</span>'
        else:
            moved = ""
    st.session_state[_SHOWN] = (now, moved)
    return moved


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
            measure_again(opened)
            st.rerun()
    else:
        _wait_for_measurement(opened)


@st.fragment(run_every=1.0)
def _wait_for_measurement(opened: OpenDraft) -> None:
    """Looks once a second whether the measured steps are there; then the whole page follows."""
    if assess(opened).priced.status is not Pricing.MEASURING:
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
