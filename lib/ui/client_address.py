"""The address that a page's visitor comes from, for the audit log."""

import streamlit as st

from lib.domain import client_address as rule
from lib.settings import settings

_THIS_MACHINE = "127.0.0.1"  # Streamlit gives None for it


def client_address() -> str | None:
    """The connection's address, or the one that a trusted proxy forwards (TRUSTED_PROXIES)."""
    return rule.client_address(
        st.context.ip_address or _THIS_MACHINE,
        st.context.headers.get_all("X-Forwarded-For"),
        settings().proxies,
    )
