"""The newest notifications, unread ones first; each leads to what it tells of."""

from collections.abc import Mapping, Sequence

import streamlit as st
from sqlalchemy import Row

from lib.domain.notifications import LISTED, Kind, leads_to
from lib.domain.people import Person
from lib.services import notifications
from lib.ui.moments import date_and_time
from lib.ui.navigation import go
from lib.ui.text import plain

_ICONS: Mapping[Kind, str] = {
    Kind.JOB_STARTED: ":material/play_circle:",
    Kind.JOB_INTERRUPTED: ":material/sync_problem:",
    Kind.JOB_RECOVERED: ":material/autorenew:",
    Kind.JOB_COMPLETED: ":material/task_alt:",
    Kind.JOB_FAILED: ":material/error:",
    Kind.JOB_CAP_NEAR: ":material/savings:",
    Kind.JOB_CAP_REACHED: ":material/savings:",
    Kind.BUDGET_ALERT: ":material/warning:",
    Kind.BUDGET_CRITICAL: ":material/warning:",
    Kind.REQUEST_ASKED: ":material/approval:",
    Kind.REQUEST_DECIDED: ":material/gavel:",
    Kind.RUN_NOT_ENDED: ":material/emergency_home:",
}


def draw(person: Person, rows: Sequence[Row]) -> None:
    """The list with a button above it that marks all as read."""
    if not rows:
        with st.container(key="empty"):
            st.subheader("Nothing has happened yet", anchor=False)
            st.write("Your runs, your budget and requests for a higher limit are told of here.")
        return
    unread = sum(row.read_at is None for row in rows)
    with st.container(horizontal=True, vertical_alignment="center", key="notifications-head"):
        newest = f"The newest {LISTED}" if len(rows) == LISTED else f"{len(rows)} in all"
        st.caption(f"{newest} · {unread} unread" if unread else f"{newest} · all read")
        st.button(
            "Mark all as read",
            icon=":material/done_all:",
            key="read-all",
            disabled=not unread,
            on_click=_mark,
            args=(person,),
        )
    with st.container(key="notices", gap=None):
        for row in rows:
            _draw_one(person, row)


def _draw_one(person: Person, row: Row) -> None:
    kind, is_read = Kind(row.kind), row.read_at is not None
    with st.container(key=f"notice-{'read' if is_read else 'unread'}-{row.id}", gap=None):
        title = plain(row.title) if is_read else f"**{plain(row.title)}**"
        st.markdown(f"{_ICONS[kind]} {title}")
        if row.detail:
            st.markdown(plain(row.detail))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(date_and_time(row.created_at))
            target, words = leads_to(kind)
            if st.button(words, key=f"open-{row.id}", type="tertiary"):
                notifications.mark_read(person, row.id)
                go(target, row.job_id)
            if not is_read:
                st.button(
                    "Mark as read",
                    key=f"read-{row.id}",
                    type="tertiary",
                    on_click=_mark,
                    args=(person, row.id),
                )


def _mark(person: Person, notification_id: int | None = None) -> None:
    """A callback: one is read, or all are."""
    if notification_id is None:
        notifications.mark_all_read(person)
    else:
        notifications.mark_read(person, notification_id)
