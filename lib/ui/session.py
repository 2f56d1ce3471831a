"""The sign-in cookie of streamlit-authenticator, bound to a session that lives on the server.

The library's cookie alone stays valid after sign-out and is written by script; here it only names
a row in `user_sessions`, and that row decides.
"""

from datetime import datetime
from typing import Any

import extra_streamlit_components as stx
import streamlit as st
import streamlit_authenticator as stauth
from streamlit.delta_generator import DeltaGenerator
from streamlit_authenticator.models import CookieModel

from lib.domain.people import Person
from lib.services import accounts, sign_in_cookie
from lib.settings import settings

COOKIE = sign_in_cookie.NAME
_SESSION = "session_id"
_UNSET_COOKIE = "cookie_to_set"


class ServerSessionCookie(CookieModel):
    """The library's cookie with the id of a server session inside."""

    def __init__(self) -> None:
        # Not super(), which mounts a component: that reruns the page once more after each refresh.
        self.cookie_name = COOKIE
        self.cookie_expiry_days = settings().session_days
        self.token = None
        self.exp_date = None
        st.session_state.setdefault("logout", None)  # the library reads it

    def set_cookie(self) -> None:
        """Opens a session on the server and asks the browser to keep its id."""
        st.session_state[_SESSION] = accounts.open_session(st.session_state["username"])
        self.exp_date = self._set_exp_date()
        st.session_state[_UNSET_COOKIE] = (self._token_encode(), self.exp_date)

    def get_cookie(self) -> dict[str, Any] | None:
        """The cookie's content while its session is open, and of the user it was made for."""
        token = st.context.cookies.get(COOKIE)
        found = sign_in_cookie.opened(token) if token and not st.session_state["logout"] else None
        if found is None:
            return None
        content, st.session_state[_SESSION], _ = found
        return content

    def _token_encode(self) -> str:
        assert self.exp_date is not None
        return sign_in_cookie.sealed(
            st.session_state["username"], st.session_state[_SESSION], self.exp_date
        )


def authenticator(slot: DeltaGenerator | None = None) -> stauth.Authenticate:
    """The library over the users in the database, for the sign-in form.

    It draws a hidden component of its own, which goes into `slot`.
    """
    with slot or st.container():
        made = stauth.Authenticate(
            accounts.credentials(),
            COOKIE,
            accounts.cookie_key(),
            settings().session_days,
            auto_hash=False,
            login_sleep_time=0,
        )
    made.cookie_controller.cookie_model = ServerSessionCookie()
    return made


def admit(email: str) -> None:
    """Signs in somebody whose identity is beyond doubt: the owner, just set up."""
    st.session_state["username"] = email
    ServerSessionCookie().set_cookie()


def failed_sign_ins(library: stauth.Authenticate) -> list[str]:
    """The addresses for which the library has just seen a wrong password."""
    known = library.authentication_controller.authentication_model.credentials["usernames"]
    return [email for email, user in known.items() if user.get("failed_login_attempts")]


def current_person() -> Person | None:
    """Who this browser session belongs to, as the database says now.

    A new one, after a refresh or in another tab, is taken up by the browser's cookie.
    """
    if _SESSION not in st.session_state and COOKIE in st.context.cookies:
        ServerSessionCookie().get_cookie()
    session_id = st.session_state.get(_SESSION)
    return accounts.person_of_session(session_id) if session_id else None


def hand_over_cookie(slot: DeltaGenerator) -> None:
    """Mounts the script that sets the cookie in `slot`, until the browser says that it did."""
    pending = st.session_state.get(_UNSET_COOKIE)
    if pending is None:
        return
    if st.session_state.get("set"):  # the component's answer
        del st.session_state[_UNSET_COOKIE]
        return
    token, expires = pending
    with slot:
        stx.CookieManager().set(COOKIE, token, expires_at=datetime.fromtimestamp(expires))


def is_settled() -> bool:
    """Whether no further run of the page is due because of the sign-in: one is, while the browser
    has not said that it keeps the cookie, and it would close a dialog again.
    """
    return _UNSET_COOKIE not in st.session_state


def sign_out() -> None:
    """Ends the session on the server; a kept cookie opens nothing any more."""
    session_id = st.session_state.get(_SESSION)
    if session_id:
        accounts.end_session(session_id)
    st.session_state.clear()
    st.session_state["logout"] = True
