"""Creating, renaming, archiving and restoring clients and projects."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from lib.domain.people import NAME_LIMIT, Person
from lib.services import clients
from lib.services.errors import Refusal
from lib.ui.text import plain


def create_button(person: Person, client_id: UUID | None = None) -> None:
    """A new client; with a client, a new project of it."""
    kind = "client" if client_id is None else "project"
    if st.button(f"New {kind}", icon=":material/add:", key=f"new-{kind}"):
        _name_dialog(f"New {kind}", "", lambda name: clients.create(person, name, client_id))


def manage_buttons(
    person: Person, name: str, client_id: UUID, project_id: UUID | None, *, archived: bool
) -> None:
    """Rename, archive or restore; nothing for who may not."""
    if not clients.may_manage(person):
        return
    if st.button("Rename", icon=":material/edit:"):
        _name_dialog(
            "Rename", name, lambda typed: clients.rename(person, typed, client_id, project_id)
        )
    if archived:
        st.button(
            "Restore",
            icon=":material/unarchive:",
            on_click=clients.restore,
            args=(person, client_id, project_id),
        )
    else:
        st.button(
            "Archive",
            icon=":material/archive:",
            on_click=clients.archive,
            args=(person, client_id, project_id),
            help="New jobs are no longer offered it; its jobs and their costs stay.",
        )


def _name_dialog(title: str, name: str, save: Callable[[str], object]) -> None:
    """Asks for a name until it can be saved."""

    @st.dialog(title)
    def ask() -> None:
        with st.form("client-name", border=False):
            typed = st.text_input("Name", value=name, max_chars=NAME_LIMIT)
            sent = st.form_submit_button("Save", type="primary", width="stretch")
        if sent:
            try:
                save(typed)
            except (Refusal, ValueError) as refusal:
                st.error(plain(refusal), icon=":material/block:")
            else:
                st.rerun()

    ask()
