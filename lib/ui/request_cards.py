"""A request to decide: the figures, the justification, two buttons: ten seconds on a phone."""

from collections.abc import Collection
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.requests import REASON_LIMIT, Action
from lib.services import request_views, requests
from lib.services.errors import Refusal
from lib.services.request_figures import RequestView
from lib.services.request_views import OpenedLink
from lib.ui import wizard
from lib.ui.client_address import client_address
from lib.ui.moments import date_and_time
from lib.ui.text import plain, safe

DONE = {Action.APPROVE: "Approved", Action.DENY: "Denied"}
_ICONS = {Action.APPROVE: ":material/check:", Action.DENY: ":material/close:"}
_OUTCOME = "request_outcome"
_FAULT = "request_fault"


def title(waiting: int) -> None:
    """The page's title with how many wait."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Approvals", anchor=False, width="content")
        if waiting:
            st.badge(f"{waiting} to decide", color="orange", icon=":material/pending_actions:")


def tell_outcome(drawn: Collection[UUID]) -> None:
    """What the last press did; a refusal stands in its request's card where that is `drawn`."""
    outcome = st.session_state.pop(_OUTCOME, None)
    if outcome:
        st.success(plain(outcome), icon=":material/check_circle:")
    fault = st.session_state.get(_FAULT)
    if fault and fault[0] not in drawn:
        del st.session_state[_FAULT]
        st.error(plain(fault[1]), icon=":material/error:")


def linked(person: Person) -> OpenedLink | None:
    """The request that the link of a mail leads to; a link that is not good says so."""
    token = st.query_params.get("token")
    if not token:
        return None
    try:
        return request_views.by_link(person, token)
    except Refusal as refusal:
        st.error(plain(refusal), icon=":material/link_off:")
        return None


def draw(person: Person, view: RequestView, linked: Action | None = None) -> None:
    """One request as a card. `linked`: it was opened by the mail's link for that action."""
    request, figures = view.request, view.figures
    with st.container(key=f"card-request-{request.id}{'-selected' if linked else ''}"):
        st.html(
            f'<h3 class="asking"><bdi>{safe(request.requester_name)}</bdi> asks for '
            f'<span class="num">{safe(usd(request.new_limit))}</span> a month</h3>'
            f'<p class="byline">{safe(request.requester_email)} · asked '
            f"{safe(date_and_time(request.created_at))}{safe(_whose(person, request))}</p>"
        )
        wizard.rows(figures.facts)
        st.html(
            '<p class="byline">Justification</p>'
            f'<p class="prose asked" dir="auto">{safe(request.justification)}</p>'
        )
        if request.status != "pending":
            st.info(plain(_ended(view)), icon=":material/task_alt:")
        elif view.may_decide:
            _decision(person, request.id, linked)
        elif request.user_id == person.id:
            st.info("This is your own request: somebody else decides it.")
        else:
            st.info("You may look at this request, but not decide it.")


def _decision(person: Person, request_id: UUID, linked: Action | None) -> None:
    st.text_input(
        "Reason (required to deny)",
        max_chars=REASON_LIMIT,
        key=f"reason-{request_id}",
        placeholder="One line that the requester reads",
    )
    fault = st.session_state.get(_FAULT)
    if fault and fault[0] == request_id:
        del st.session_state[_FAULT]
        st.error(plain(fault[1]), icon=":material/error:")
    with st.container(horizontal=True):  # beside each other on a phone, too
        for action, icon in _ICONS.items():
            st.button(
                action.title(),
                key=f"{action}-{request_id}",
                icon=icon,
                type="primary" if action is (linked or Action.APPROVE) else "secondary",
                width="stretch",
                on_click=_press,
                args=(person, request_id, action, linked),
            )


def _press(person: Person, request_id: UUID, action: Action, linked: Action | None) -> None:
    """A callback: decides, and leaves what was typed where that is refused."""
    st.session_state.pop(_FAULT, None)
    token = st.query_params.get("token") if linked is action else None
    try:
        requests.decide(
            person,
            request_id,
            action,
            st.session_state.get(f"reason-{request_id}", ""),
            token=token,
            ip_address=client_address(),
        )
    except (ValueError, Refusal) as error:
        st.session_state[_FAULT] = request_id, str(error)
    else:
        st.session_state[_OUTCOME] = f"{DONE[action]}. The requester is told by mail."
        st.query_params.clear()


def _whose(person: Person, request: Row) -> str:
    if request.status != "pending":
        return ""
    mine = request.approver_id == person.id
    who = "yours to decide" if mine else f"{request.approver_name or 'an admin'} decides"
    return f" · {who} by {date_and_time(request.expires_at)}"


def _ended(view: RequestView) -> str:
    request = view.request
    who = f" by {request.decider_name}" if request.decider_name else ""
    when = f" on {date_and_time(request.decided_at)}" if request.decided_at else ""
    reason = f": {request.reason}" if request.reason else ""
    return f"{request.status.title()}{who}{when}{reason}. There is nothing left to decide."
