"""The bell: how much is unread, in the sidebar and, on a phone, in the bar above the page."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.domain.notifications import MOST_COUNTED
from lib.domain.people import Person
from lib.services import notifications
from lib.ui.navigation import page

_LOOKS_EVERY = 15.0  # seconds


def draw(person: Person, place: DeltaGenerator, *, live: bool) -> None:
    """In `place`, an empty element, and here for phones; both from one look at the database.

    `live`: it looks again by itself. Not where figures are being changed, which it would slow.
    """
    st.fragment(_draw, run_every=_LOOKS_EVERY if live else None)(person, place)


def _draw(person: Person, place: DeltaGenerator) -> None:
    unread = notifications.unread(person)
    icon = ":material/notifications_active:" if unread else ":material/notifications:"
    number = f" **{unread if unread <= MOST_COUNTED else f'{MOST_COUNTED}+'}**" if unread else ""
    for where in (place, st.container(key="bell-phone")):
        where.page_link(page("notifications"), label=f"Notifications{number}", icon=icon)
