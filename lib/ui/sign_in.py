"""The two pages that anybody sees: setting up the owner, and signing in."""

import streamlit as st
import streamlit_authenticator as stauth
from streamlit.delta_generator import DeltaGenerator
from streamlit_authenticator.utilities import LoginError

from lib.domain.money import parse_usd
from lib.domain.people import PASSWORD_POLICY
from lib.services import accounts
from lib.services.errors import Refusal
from lib.settings import settings
from lib.ui import session
from lib.ui.client_address import client_address

PROMISE = (
    "A number before you spend, a person before you overspend, and a run that finishes or tells "
    "you why."
)


def set_up_owner() -> None:
    """First visit: the owner's account. There is no default password anywhere."""
    with _card(
        "Set up LoRA Pipeline", "You are the first here: this account owns the installation."
    ):
        with st.form("owner", border=False):
            name = st.text_input("Your name", max_chars=100, autocomplete="name")
            email = st.text_input("E-mail", autocomplete="email")
            password = st.text_input(
                "Password", type="password", help=PASSWORD_POLICY, autocomplete="new-password"
            )
            again = st.text_input("Password again", type="password", autocomplete="new-password")
            limit = st.text_input(
                "Monthly budget in dollars",
                value=f"{settings().default_monthly_limit:.2f}",
                help="What you may spend on GPU time a month. It can be changed later.",
            )
            st.caption(PASSWORD_POLICY)
            sent = st.form_submit_button("Create the owner", type="primary", width="stretch")
        if not sent:
            return
        try:
            if password != again:
                raise ValueError("password: the two entries differ")
            monthly_limit = parse_usd(limit, "monthly budget")
            owner = accounts.create_owner(name, email, password, monthly_limit, client_address())
        except (ValueError, Refusal) as error:
            st.error(_sentence(str(error)))
            return
        session.admit(owner.email)


def sign_in(library: stauth.Authenticate) -> None:
    """Sign-in with streamlit-authenticator; a deep link stays in the address meanwhile."""
    with _card("Sign in", PROMISE):
        st.session_state["authentication_status"] = None
        try:
            library.login(
                key="sign-in",
                fields={
                    "Form name": "",
                    "Username": "E-mail",
                    "Password": "Password",
                    "Login": "Sign in",
                },
            )
        except (LoginError, Refusal) as error:
            st.session_state["authentication_status"] = None
            st.error(str(error))
            return
        if st.session_state["authentication_status"] is False:
            for email in session.failed_sign_ins(library):
                accounts.record_failed_sign_in(email)
            st.error("This e-mail address and password do not belong together. Try again.")


def _card(title: str, subtitle: str) -> DeltaGenerator:
    _left, middle, _right = st.columns([1, 1.4, 1])
    card = middle.container(key="entrance")
    card.title(title, anchor=False)
    card.caption(subtitle)
    return card


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
