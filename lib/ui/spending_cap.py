"""The spending cap: chosen on the review page, metered on the page of a job that runs."""

from decimal import Decimal

import streamlit as st
from sqlalchemy import Row

from lib.domain.money import ZERO, parse_usd, percent, usd
from lib.domain.people import Person
from lib.domain.spending_cap import NEAR_PERCENT, check_cap, is_near, low_cap_warning, used_percent
from lib.services.assessment import Assessment
from lib.services.drafts import OpenDraft
from lib.services.final_check import may_start
from lib.ui import drafting
from lib.ui.text import plain, safe
from lib.ui.whole import whole

FIELD = "spending-cap"
_REFUSED = (
    "spending_cap_refused"  # (job id, what was entered, why) while it stands there uncorrected
)
AT_THE_CAP = (
    "At the cap the run saves a checkpoint and ends; it can be continued with a new cap. You are "
    f"told at {NEAR_PERCENT}%."
)
NONE = "none: an hour here costs nothing"


def typed(text: str) -> Decimal | None:
    """What somebody typed as a cap; nothing is the default. Raises ValueError."""
    return check_cap(parse_usd(text, "Spending cap")) if text.strip() else None


def draw(person: Person, opened: OpenDraft, assessment: Assessment) -> None:
    """The field on the review page; another amount than the default is the draft's own."""
    cap, estimate = assessment.spending_cap, assessment.estimate
    st.markdown("**Spending cap**")
    if cap is None or estimate is None:
        st.caption(f"{NONE[:1].upper()}{NONE[1:]}.")
        return
    job_id, entered, why = st.session_state.get(_REFUSED, (None, "", ""))
    refused = job_id == opened.job_id
    st.session_state[FIELD] = entered if refused else f"{cap:,.2f}"
    with st.container(horizontal=True, vertical_alignment="bottom", key="spending-cap-row"):
        st.text_input(
            "The most that this job may cost, in dollars",
            key=FIELD,
            width=260,
            disabled=not may_start(person, opened),
            on_change=_change,
            args=(person, opened),
        )
        if refused or opened.draft.spending_cap is not None:
            st.button(
                f"Back to {plain(usd(assessment.default_cap or ZERO))}",
                icon=":material/undo:",
                help="The default: the estimate's maximum and the grace, as far as the budget goes",
                on_click=_reset,
                args=(person,),
            )
    if refused:
        st.error(plain(why))
    if low := low_cap_warning(cap, estimate.cost_min):
        st.warning(plain(low))
    st.caption(plain(f"{origin_of(assessment)} {AT_THE_CAP}"))


def origin_of(assessment: Assessment) -> str:
    """Where the cap's amount comes from, in a sentence."""
    assert assessment.estimate is not None
    if assessment.draft.spending_cap is not None:
        held = max(assessment.estimate.cost_max, assessment.draft.spending_cap)
        return f"Chosen for this job; a start reserves {usd(held)}."
    grace = f"{assessment.budget.grace_percent.normalize():f}%"
    most = f"The estimate's maximum of {usd(assessment.estimate.cost_max)}"
    if assessment.spending_cap == assessment.allowed:
        return f"{most} and as much of the {grace} grace as the budget allows."
    return f"{most} and {grace} grace."


def meter(job: Row) -> None:
    """How much of the cap a running job has used, with a mark at 80 %; nothing without a cap."""
    cap = job.spending_cap
    if cap is None:
        return
    used = min(percent(job.actual_cost, cap), 100)
    near = " near" if is_near(cap, job.actual_cost) else ""
    told = f"{usd(job.actual_cost)} of {usd(cap)}, {used_percent(cap, job.actual_cost):.0f}%"
    st.html(
        f'<div class="cap-meter{near}"><p><span>Spending cap</span><b class="num">{safe(told)}</b>'
        f'</p><div class="cap-track" role="img" aria-label="Spending cap: {safe(told)} used, '
        f'warned of at {NEAR_PERCENT}%"><i style="width:{used}%"></i>'
        f'<u style="left:{NEAR_PERCENT}%"></u></div></div>'
    )


@whole
def _change(person: Person, opened: OpenDraft) -> None:
    """Saves an amount that can be a cap; one that cannot stays in the field, with the reason."""
    entered: str = st.session_state[FIELD]
    try:
        cap = typed(entered)
    except ValueError as error:
        st.session_state[_REFUSED] = (opened.job_id, entered, str(error))
        return
    st.session_state.pop(_REFUSED, None)
    drafting.change_draft(person, spending_cap=cap)


def _reset(person: Person) -> None:
    st.session_state.pop(_REFUSED, None)
    drafting.change_draft(person, spending_cap=None)
