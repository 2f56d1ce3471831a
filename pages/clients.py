"""Clients and projects: the project cost dashboard (FR1.3.1)."""

from uuid import UUID

import streamlit as st

from lib.domain.client_costs import Entry
from lib.services import clients
from lib.ui import client_table, client_view
from lib.ui.guard import guard

person = guard()


def named(entries: tuple[Entry, ...], parameter: str) -> Entry | None:
    """The entry that the address names, if it names one."""
    if parameter not in st.query_params:
        return None
    try:
        wanted = UUID(st.query_params[parameter])
        return next(entry for entry in entries if entry.id == wanted)
    except (ValueError, StopIteration):
        st.warning(f"There is no such {parameter}.", icon=":material/search_off:")
        return None


client = project = None
if "client" in st.query_params:
    client = named(clients.overview(person).entries, "client")
if client is not None:
    project = named(client.projects, "project")
    client_view.draw(person, client, project)
else:
    st.title("Clients", anchor=False)
    client_table.draw(person)
