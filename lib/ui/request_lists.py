"""Requests in lists: one's own with a way to take them back, and what has been decided."""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.money import usd
from lib.domain.people import MANAGING, Person
from lib.services import request_views, requests
from lib.services.errors import Refusal
from lib.ui.client_address import client_address
from lib.ui.csv_table import table_with_csv
from lib.ui.moments import date_and_time
from lib.ui.tables import dollars, frame, moment_column, money_column
from lib.ui.text import plain

TONES: Mapping[str, Literal["orange", "green", "red", "gray"]] = {
    "pending": "orange",
    "approved": "green",
    "denied": "red",
    "withdrawn": "gray",
    "expired": "gray",
}


def draw_own(person: Person) -> None:
    """What the person asked for; a pending one can be taken back."""
    own = request_views.own(person)
    if not own and person.role in MANAGING:
        return
    st.subheader("Your requests", anchor=False)
    if not own:
        st.caption("You have not asked for a higher limit. You can do so on the Budget page.")
    for request in own:
        draw_one(person, request)


def draw_one(person: Person, request: Row) -> None:
    """One request of the person's own on a few lines."""
    with st.container(key=f"own-{request.id}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(request.status.title(), color=TONES[request.status])
            st.markdown(
                f"**{plain(usd(request.new_limit))}** instead of "
                f"{plain(usd(request.current_limit))}, from {request.effective_month:%B %Y}"
            )
            if request.status == "pending":
                st.button(
                    "Withdraw",
                    key=f"withdraw-{request.id}",
                    icon=":material/undo:",
                    type="tertiary",
                    on_click=_withdraw,
                    args=(person, request.id),
                )
        st.caption(plain(_story(request)))


def _story(request: Row) -> str:
    asked = f"Asked on {date_and_time(request.created_at)}"
    if request.status == "pending":
        until = date_and_time(request.expires_at)
        return f"{asked}; {request.approver_name or 'an admin'} decides, until {until}."
    who = f" by {request.decider_name}" if request.decider_name else ""
    reason = f": {request.reason}" if request.reason else "."
    return f"{asked}; {request.status}{who} on {date_and_time(request.decided_at)}{reason}"


def _withdraw(person: Person, request_id: UUID) -> None:
    try:
        requests.withdraw(person, request_id, ip_address=client_address())
    except Refusal as refusal:  # it was decided in the meantime
        st.toast(plain(refusal))


def draw_decided(person: Person) -> None:
    """The history, for those who decide."""
    decided: Sequence[Row] = request_views.decided(person)
    if not decided:
        return
    st.subheader("Decided", anchor=False)
    table_with_csv(
        "decided",
        frame(
            decided,
            {
                "Decision": lambda request: request.status.title(),
                "Requester": lambda request: request.requester_name,
                "Asked for": lambda request: dollars(request.new_limit),
                "Instead of": lambda request: dollars(request.current_limit),
                "Decided": lambda request: request.decided_at,
                "By": lambda request: request.decider_name or "",
                "Reason": lambda request: request.reason or "",
                "Justification": lambda request: request.justification,
            },
        ),
        placeholder="–",
        height="content" if len(decided) <= 12 else 460,
        column_config={
            "Asked for": money_column("The monthly limit that was asked for"),
            "Instead of": money_column("The limit when it was asked for"),
            "Decided": moment_column("D MMM YYYY, HH:mm"),
        },
    )
