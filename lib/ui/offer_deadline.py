"""The optional deadline of a job: set here, kept in UTC, shown in the billing time zone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import streamlit as st

from lib.domain.people import Person
from lib.services.drafts import OpenDraft
from lib.services.estimates import Priced
from lib.settings import settings
from lib.ui import drafting
from lib.ui.moments import date_and_time, local, span
from lib.ui.text import plain
from lib.ui.whole import whole

_FIELD = "deadline"
_REFUSED = "deadline_refused"  # (job id, what was entered) while it stands there uncorrected


def hours_left(opened: OpenDraft, now: datetime) -> Decimal | None:
    """Hours until the draft's deadline, below zero once it has passed; None without one."""
    deadline = opened.draft.deadline
    return None if deadline is None else Decimal((deadline - now).total_seconds()) / 3600


def draw_deadline(person: Person, opened: OpenDraft, priced: Priced, now: datetime) -> None:
    """The field, and what is wrong with the deadline or with the estimate that goes past it."""
    deadline = opened.draft.deadline
    job_id, entered = st.session_state.get(_REFUSED, (None, None))
    refused = entered if job_id == opened.job_id else None
    shown = refused or (local(deadline).replace(tzinfo=None) if deadline else None)
    st.session_state[_FIELD] = shown
    zone = settings().billing_time_zone
    st.datetime_input(
        f"Deadline (optional, {zone})",
        value=None,
        key=_FIELD,
        format="YYYY-MM-DD",
        on_change=_change,
        args=(person, opened),
        help="When the result is needed. Less than 24 hours away, it counts in the recommendation.",
    )
    if refused:
        st.error(plain(_has_passed(refused.replace(tzinfo=settings().time_zone))))
        return
    if deadline is None:
        return
    if deadline <= now:
        st.error(plain(_has_passed(deadline)))
    elif priced.estimate is not None:
        end = now + timedelta(hours=float(priced.estimate.duration_hours))
        if end > deadline:
            late = span((end - deadline).total_seconds())
            st.warning(
                plain(
                    f"⚠ Started now, this job would end {late} after its deadline of "
                    f"{date_and_time(deadline)}."
                )
            )


@whole
def _change(person: Person, opened: OpenDraft) -> None:
    """Saves a deadline that lies ahead; one that does not stays in the field, with an error."""
    entered: datetime | None = st.session_state[_FIELD]
    moment = entered and entered.replace(tzinfo=settings().time_zone).astimezone(UTC)
    if moment is not None and moment <= datetime.now(UTC):
        st.session_state[_REFUSED] = (opened.job_id, entered)
        return
    st.session_state.pop(_REFUSED, None)
    drafting.change_draft(person, deadline=moment)


def _has_passed(moment: datetime) -> str:
    return f"Deadline: {date_and_time(moment)} has passed. Choose a later date and time."
