"""The first line of every page: who is here, or the sign-in and nothing else."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.domain.people import Person
from lib.services import accounts
from lib.ui import session, sign_in


def guard(cookie_slot: DeltaGenerator | None = None) -> Person:
    """The signed-in person with the role as it is in the database now.

    The shell gives a slot for the cookie's component, so that the page below it does not move when
    the component goes. Signed out, it draws the set-up or the sign-in and stops the page there,
    whichever way the page was reached.
    """
    person = session.current_person()
    if person is not None:
        return person
    if not accounts.is_set_up():
        sign_in.set_up_owner()
    else:
        library = session.authenticator(cookie_slot)
        person = session.resume(library)
        if person is not None:
            return person
        sign_in.sign_in(library)
    if session.current_person() is not None:
        st.rerun()  # the page from its beginning, without the sign-in
    st.stop()
