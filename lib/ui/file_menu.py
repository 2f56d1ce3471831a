"""What can be done with the chosen training file: rename, archive, check, delete."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.people import Person
from lib.services import file_care
from lib.services.errors import Refusal
from lib.ui import file_chooser
from lib.ui.text import plain

OPEN = "file-menu"
_NAME = "file-name"
_REFUSED = "file-refused"


def draw(person: Person, file: Row) -> None:
    """A compact menu; what was refused is told inside, until the menu is closed."""
    menu = st.popover(
        "Manage", icon=":material/more_vert:", key=OPEN, on_change="rerun", width="stretch"
    )
    if not menu.open:
        st.session_state.pop(_REFUSED, None)
        return
    with menu, st.container(key="file-actions", gap="xsmall"):
        if refused := st.session_state.get(_REFUSED):
            st.error(plain(refused), icon=":material/block:")
        allowed = file_care.may_change(person, file)
        _draw_rename(person, file, allowed=allowed)
        if file.status == "active":
            _action("Archive", ":material/archive:", allowed, _archive, person, file.id)
        _action("Check the stored file", ":material/fact_check:", True, _check, person, file.id)
        if _action("Delete", ":material/delete:", allowed):
            _confirm_delete(person, file)
        if not allowed:
            st.caption("Only who imported a file, or a manager, may change it.")


def draw_restore(person: Person, file: Row) -> None:
    """For an archived file: back into the list. A refusal is told in the menu, which opens."""
    if file.status == "archived":
        st.button(
            "Restore",
            icon=":material/unarchive:",
            disabled=not file_care.may_change(person, file),
            on_click=_restore,
            args=(person, file.id),
        )


def _action(
    label: str, icon: str, allowed: bool, on_click: Callable[..., None] | None = None, *args: object
) -> bool:
    return st.button(
        label,
        icon=icon,
        type="tertiary",
        width="stretch",
        disabled=not allowed,
        on_click=on_click,
        args=args,
    )


def _draw_rename(person: Person, file: Row, *, allowed: bool) -> None:
    key = f"{_NAME}-{file.id}"
    with st.form("rename-file", border=False):
        st.text_input("Name", value=file.name, max_chars=200, key=key, disabled=not allowed)
        st.form_submit_button(
            "Rename",
            icon=":material/edit:",
            disabled=not allowed,
            on_click=_rename,
            args=(person, file.id, key),
        )


def _rename(person: Person, file_id: UUID, key: str) -> None:
    _attempt(lambda: file_care.rename(person, file_id, st.session_state[key]), "Renamed.")


def _archive(person: Person, file_id: UUID) -> None:
    _attempt(
        lambda: file_care.archive(person, file_id),
        "Archived. Show archived files in the list to bring it back.",
    )


def _restore(person: Person, file_id: UUID) -> None:
    _attempt(lambda: file_care.restore(person, file_id), "Restored.")


def _check(person: Person, file_id: UUID) -> None:
    def check() -> None:
        if problem := file_care.verify(person, file_id):
            raise Refusal(problem)

    _attempt(check, "The stored file is, byte for byte, what was imported.")


def _delete(person: Person, file_id: UUID) -> None:
    if _attempt(lambda: file_care.delete(person, file_id), "Deleted."):
        file_chooser.forget()


def _attempt(action: Callable[[], object], done: str) -> bool:
    """Does it and closes the menu, or opens the menu with the reason why not."""
    try:
        action()
    except Refusal as refusal:
        st.session_state.update({_REFUSED: str(refusal), OPEN: True})
        return False
    st.session_state[OPEN] = False
    st.toast(done, icon=":material/check:")
    return True


@st.dialog("Delete this training file?")
def _confirm_delete(person: Person, file: Row) -> None:
    st.text(file.name)
    st.write(
        "The file and everything that was read from it are deleted for good. A file that a job has "
        "ever used cannot be deleted; archive it instead."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        keep = st.button("Keep it")
        delete = st.button(
            "Delete the file",
            type="primary",
            icon=":material/delete:",
            on_click=_delete,
            args=(person, file.id),
        )
        if keep or delete:
            st.rerun()
