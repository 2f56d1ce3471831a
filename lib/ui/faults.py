"""What a page shows instead of a traceback: what happened and what to do."""

import logging

import streamlit as st

from lib.db.connection import DatabaseUnavailable
from lib.services.errors import NotFound, Refusal
from lib.settings import SettingsError

log = logging.getLogger(__name__)


def show_fault(error: Exception) -> bool:
    """Streamlit's `on_script_error`: True, so that its own traceback is never shown."""
    if isinstance(error, NotFound):
        st.error(str(error), icon=":material/search_off:")
        st.markdown("[All jobs](/)")
    elif isinstance(error, Refusal):
        st.error(str(error), icon=":material/block:")
    elif isinstance(error, DatabaseUnavailable):
        st.error(f"{error} What you entered is kept here.", icon=":material/cloud_off:")
        st.button("Try again", icon=":material/refresh:")
    elif isinstance(error, SettingsError):
        st.error(f"The settings of this installation need mending. {error}")
    else:
        log.error("A page failed", exc_info=error)
        st.error(
            "Something went wrong on our side. Your draft is saved; reload the page and try "
            "again. The log of the app has the details.",
            icon=":material/error:",
        )
    return True
