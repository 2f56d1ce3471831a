"""What to do about a job that the budget does not bear (FR1.2.2): one dialog, every way out."""

import streamlit as st

from lib.domain.budget import JUSTIFICATION, forecast
from lib.domain.dataset import DatasetError
from lib.domain.money import ZERO, usd
from lib.domain.people import MANAGING, Person
from lib.domain.tips import Tip
from lib.services import drafts, starting
from lib.services.assessment import Assessment
from lib.services.drafts import OpenDraft
from lib.services.errors import Refusal
from lib.services.smaller_files import train_on_first
from lib.services.tips import cost_reductions
from lib.ui import drafting, increase_form, session, wizard
from lib.ui.client_address import client_address
from lib.ui.navigation import go, page
from lib.ui.text import plain

REDUCE, INCREASE, OVERRIDE = "Reduce Job Cost", "Increase Budget Limit", "Manager Override"
PROCEED = "Proceed anyway (requires justification)"
_SHOWN = "budget_dialog_shown"  # the digest of the figures that it was opened for by itself
_STARTED = "started"  # the review leads on from here


def offer_ways_out(
    person: Person, opened: OpenDraft, assessment: Assessment, *, by_itself: bool = True
) -> None:
    """The button to the dialog; the first time that a figure exceeds the budget, the dialog too,
    `by_itself`.
    """
    asked = st.button("See what to do", icon=":material/account_balance_wallet:", type="primary")
    news = st.session_state.get(_SHOWN) != assessment.digest
    if asked or (by_itself and news and session.is_settled()):
        st.session_state[_SHOWN] = assessment.digest
        budget_exceeded(person, opened, assessment)


@st.dialog("❌ Budget Exceeded", width="medium")
def budget_exceeded(person: Person, opened: OpenDraft, assessment: Assessment) -> None:
    """The shortfall, and the ways: a cheaper job, a higher limit, a manager's word, or none."""
    decision, budget = assessment.decision, assessment.budget
    assert decision is not None
    remaining = max(budget.remaining, ZERO)
    short = assessment.overrun if decision.allowed else decision.cost_max - remaining  # a team's
    wizard.facts(
        [
            ("Estimated Cost", usd(decision.cost_max), "at most"),
            ("Remaining Budget", usd(remaining), f"of {usd(budget.limit)} this month"),
            ("Shortfall", usd(short), "to the limit"),
        ]
    )
    ahead = forecast(budget, decision.cost_max)
    st.markdown(f":{'red' if ahead.over else 'green'}[{plain(ahead.text)}]")
    ways = [REDUCE, INCREASE] + ([OVERRIDE] if person.role in MANAGING else [])
    for tab, way in zip(st.tabs(ways), ways, strict=True):
        with tab:
            if way == REDUCE:
                _reduce(person, opened, assessment)
            elif way == INCREASE:
                increase_form.draw(person, budget, opened.job_id)
            else:
                _override(person, opened, assessment)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("View detailed budget breakdown and history:", width="content")
        st.page_link(
            page("budget"), label="Budget Dashboard", icon=":material/account_balance_wallet:"
        )
        if st.button("Cancel Job Creation", type="tertiary", icon=":material/delete:"):
            drafts.discard(person, opened.job_id)
            drafting.forget()
            go("jobs")


def _reduce(person: Person, opened: OpenDraft, assessment: Assessment) -> None:
    tips = cost_reductions(assessment)
    if not tips:
        st.write("No single change makes this job cheaper.")
        return
    st.caption("💡 Cost Reduction Tips: one change each, priced on this file.")
    for index, tip in enumerate(tips):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge("fits" if tip.fits else "not enough", color="green" if tip.fits else "gray")
            st.markdown(plain(f"{tip.text}: {usd(tip.cost_max)} at most"))
            if st.button("Apply", key=f"tip-{index}"):
                _apply(person, opened, tip)


def _apply(person: Person, opened: OpenDraft, tip: Tip) -> None:
    """One click: the draft as the tip has it; fewer conversations become a file of their own."""
    if tip.conversations is None:
        drafting.change_draft(person, **tip.changes)
    else:
        try:
            with st.spinner("Making a smaller file"):
                train_on_first(person, opened, tip.conversations)
        except (Refusal, DatasetError, OSError) as error:
            st.error(plain(error), icon=":material/error:")
            return
    st.rerun()


def _override(person: Person, opened: OpenDraft, assessment: Assessment) -> None:
    st.write("Proceed despite budget limit? This will exceed your monthly budget.")
    other = [blocker for blocker in assessment.blockers if blocker.code != "budget"]
    for blocker in other:
        st.warning(plain(blocker.message), icon=":material/block:")
    with st.form("override", border=False):
        least, most = JUSTIFICATION
        reason = st.text_area(
            "Justification Required",
            max_chars=most,
            key="override-reason",
            help=f"At least {least} characters; kept in the audit log for good.",
        )
        sent = st.form_submit_button(
            PROCEED, type="primary", icon=":material/gavel:", disabled=bool(other)
        )
    if not sent:
        return
    try:
        starting.start(
            person,
            opened.job_id,
            assessment.digest,
            ip_address=client_address(),
            override=reason,
        )
    except (ValueError, Refusal) as error:
        st.error(plain(error), icon=":material/error:")
    else:
        st.session_state[_STARTED] = opened.job_id
        st.rerun()
