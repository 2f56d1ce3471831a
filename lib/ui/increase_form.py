"""The form that asks for a higher limit (FR1.2.2): on the budget page and in the budget dialog."""

from pathlib import Path
from uuid import UUID

import streamlit as st

from lib.domain.budget import Budget
from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.requests import APPROVAL_REQUIRED, JUSTIFICATION, Effective
from lib.services import request_views, requests
from lib.services.errors import Refusal
from lib.ui import request_lists
from lib.ui.client_address import client_address
from lib.ui.text import plain

_COUNTER = st.components.v2.component(
    "character_counter",
    html='<span role="status" aria-live="polite"></span>',
    css="span { font-size: .8rem; opacity: .75; font-variant-numeric: tabular-nums; }"
    "span.enough { color: var(--st-green-text-color, green); opacity: 1; }",
    js=Path(__file__).with_name("character_counter.js").read_text("utf-8"),
)
_TITLES = {Effective.THIS_MONTH: "This Month", Effective.NEXT_MONTH: "Next Month"}
_SENT, _FAULT = "increase_asked", "increase_refused"


def draw(person: Person, budget: Budget, job_id: UUID | None = None) -> None:
    """The form; while a request is pending, that request instead.

    What was typed stays until the request has been sent, whatever is wrong with it.
    """
    pending = request_views.pending_of(person)
    if pending is not None:
        if st.session_state.pop(_SENT, None) == pending.id:
            st.success(
                f"Sent to {plain(pending.approver_name)}, who decides. You are told by mail.",
                icon=":material/outgoing_mail:",
            )
        request_lists.draw_one(person, pending)
        return
    place = f"increase-{job_id or 'budget'}"
    with st.container(key=place):
        st.text_input(
            f"New Monthly Limit: (current: {plain(usd(budget.limit))})",
            key=f"{place}-limit",
            icon=":material/attach_money:",
            max_chars=20,
            placeholder="_____",
        )
        st.text_area(
            "Justification (required)",
            key=f"{place}-why",
            max_chars=JUSTIFICATION[1],
            placeholder="What the money is for, and what happens without it",
        )
        _COUNTER(
            key=f"{place}-counter",
            data={"place": f".st-key-{place}-why textarea", "least": JUSTIFICATION[0]},
            height="content",
        )
        st.radio(
            "Effective Date",
            list(Effective),
            format_func=_TITLES.__getitem__,
            horizontal=True,
            key=f"{place}-month",
        )
        st.caption(APPROVAL_REQUIRED)
        fault = st.session_state.pop(_FAULT, None)
        if fault:
            st.error(plain(fault[:1].upper() + fault[1:]), icon=":material/error:")
        st.button(
            "Send the request",
            key=f"{place}-send",
            type="primary",
            icon=":material/send:",
            on_click=_send,
            args=(person, place, job_id),
        )


def _send(person: Person, place: str, job_id: UUID | None) -> None:
    """A callback, so that the same run shows the pending request, in a dialog as on a page."""
    typed = st.session_state
    try:
        typed[_SENT] = requests.ask(
            person,
            new_limit=typed[f"{place}-limit"],
            justification=typed[f"{place}-why"],
            from_month=typed[f"{place}-month"],
            job_id=job_id,
            ip_address=client_address(),
        )
    except (ValueError, Refusal) as error:
        typed[_FAULT] = str(error)
