"""Importing a training file by upload or from the import folder."""

from pathlib import Path
from typing import BinaryIO

import streamlit as st

from lib.domain.dataset import DatasetError
from lib.domain.people import Person
from lib.services import training_files
from lib.settings import settings
from lib.ui.text import plain

_RESULT = "import_result"  # (file id of the upload, error text or None)
CHOSEN = "chosen_file_id"


def draw(person: Person, *, expanded: bool) -> None:
    """The two ways in, and what became of the last import."""
    with st.expander("Import a training file", icon=":material/upload_file:", expanded=expanded):
        by_upload, from_folder = st.columns(2)
        with by_upload:
            upload = st.file_uploader(
                "Upload",
                type=["json", "jsonl"],
                help=_FORMATS,
                key="training-file-upload",
                max_upload_size=settings().max_training_file_mb,
            )
            if upload is not None and st.session_state.get(_RESULT, ("",))[0] != upload.file_id:
                _import(person, upload, upload.name, upload.file_id)
        with from_folder:
            _draw_folder(person)
    _key, error = st.session_state.get(_RESULT, ("", None))
    if error:
        st.error(plain(error), icon=":material/error:")


_FORMATS = (
    "brightrun-lora-v4 as JSON, its JSONL form with a _meta first line, or chat JSONL with "
    "messages as OpenAI uses it."
)


def _draw_folder(person: Person) -> None:
    found = training_files.import_folder_files()
    if not found:
        st.caption(
            f"Or put files into the import folder ({plain(settings().import_path)}) and reload."
        )
        return
    path = st.selectbox(
        "From the import folder", found, format_func=lambda path: path.name, index=0
    )
    if st.button("Import this file", icon=":material/drive_folder_upload:"):
        _import(person, path, path.name, str(path))


def _import(person: Person, source: BinaryIO | Path, name: str, key: str) -> None:
    """One import with its progress; an error stays on screen until the next one."""
    bar = st.progress(0.0, text="Reading and checking every conversation")

    def progress(read: int, size: int) -> None:
        bar.progress(min(read / size, 1.0) if size else 1.0)

    try:
        row, new = training_files.import_training_file(person, source, name, progress)
    except DatasetError as error:
        st.session_state[_RESULT] = (key, str(error))
    except OSError as error:
        st.session_state[_RESULT] = (
            key,
            f"{name}: could not be stored ({error.strerror}). Nothing was kept; free some disk "
            "space and try again.",
        )
    else:
        st.session_state[_RESULT] = (key, None)
        st.session_state[CHOSEN] = row.id
        st.toast("Imported." if new else "This file is here already.", icon=":material/check:")
        st.rerun()
    finally:
        bar.empty()
