"""Which period the team page shows, and whose: kept in its address, so that it can be shared.

`period=quarter`, or `from=2026-10-01&to=2026-10-31` for own dates; `who=` names a subject.
"""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from lib.domain.team_insight import Period, Span, period_of
from lib.services.audit import day
from lib.services.team_insight import Subject
from lib.ui.lists import told_apart
from lib.ui.text import plain

_SPAN, _FROM, _TO, _WHO = "period", "from", "to", "who"
_KEYS = {name: f"team-{name}" for name in (_SPAN, _FROM, _TO, _WHO)}
_USUAL = Span.DAYS


def choose_subject(subjects: Sequence[Subject]) -> Subject:
    """Whose jobs are shown; nothing to choose where there is one alone."""
    by_key = {subject.key: subject for subject in subjects}
    asked = st.query_params.get(_WHO, "")
    shown = by_key.get(asked, subjects[0])
    if asked and asked not in by_key:
        st.warning("who: the address names somebody whom you do not oversee, or nobody.")
    if len(subjects) > 1:
        labels = told_apart({key: subject.title for key, subject in by_key.items()})
        st.session_state[_KEYS[_WHO]] = shown.key
        st.selectbox(
            "Whose jobs",
            list(by_key),
            format_func=labels.__getitem__,
            key=_KEYS[_WHO],
            on_change=_into_address,
            args=(_WHO, subjects[0].key),
        )
    return shown


def choose_span(today: date) -> Span:
    """The periods to choose from."""
    span = _asked_span()
    st.session_state[_KEYS[_SPAN]] = span
    st.segmented_control(
        "Period",
        list(Span),
        format_func=lambda one: one.words,
        required=True,
        wrap=True,
        key=_KEYS[_SPAN],
        on_change=_span_chosen,
        args=(today,),
    )
    return span


def chosen_period(span: Span, today: date) -> Period | None:
    """The period, with its days to choose where they are one's own.

    None where the last is before the first, which is told.
    """
    if span is not Span.OWN:
        return period_of(span, today)
    usual = period_of(span, today)
    try:
        first, last = _asked_day(_FROM) or usual.first, _asked_day(_TO) or usual.last
    except ValueError as error:
        st.error(plain(error), icon=":material/error:")
        first, last = usual.first, usual.last
    _choose_days(first, last)
    try:
        return Period(first, last)
    except ValueError as error:
        st.error(plain(error), icon=":material/error:")
        return None


def _asked_span() -> Span:
    if _FROM in st.query_params or _TO in st.query_params:
        return Span.OWN
    try:
        return Span(st.query_params.get(_SPAN, _USUAL))
    except ValueError:
        st.warning("period: the address names none of these; the last 30 days are shown.")
        return _USUAL


def _asked_day(name: str) -> date | None:
    text = st.query_params.get(name, "")
    try:
        return day(text) if text else None
    except ValueError:
        raise ValueError(f"{name}: {text!r:.40} is not a day such as 2026-11-24") from None


def _choose_days(first: date, last: date) -> None:
    with st.container(horizontal=True):
        for name, title, shown in ((_FROM, "From", first), (_TO, "Until", last)):
            st.session_state[_KEYS[name]] = shown
            st.date_input(
                title,
                key=_KEYS[name],
                width=170,
                min_value=date(2000, 1, 1),
                max_value=date(2999, 12, 31),
                on_change=_into_address,
                args=(name, None),
            )


def _span_chosen(today: date) -> None:
    """A callback: own dates begin with the days that were shown before."""
    chosen = Span(st.session_state[_KEYS[_SPAN]])
    before = _asked_span()
    for name in (_SPAN, _FROM, _TO):
        st.query_params.pop(name, None)
    if chosen is Span.OWN:
        shown = period_of(before, today)
        st.query_params[_FROM], st.query_params[_TO] = str(shown.first), str(shown.last)
    elif chosen is not _USUAL:
        st.query_params[_SPAN] = chosen


def _into_address(name: str, usual: str | None) -> None:
    """A callback: what was chosen goes into the address."""
    chosen = st.session_state[_KEYS[name]]
    if chosen and str(chosen) != usual:
        st.query_params[name] = str(chosen)
    else:
        st.query_params.pop(name, None)
