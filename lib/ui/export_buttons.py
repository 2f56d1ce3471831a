""" "Export Job Data" (FR1.3.1): links to the files of a selection of jobs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

import streamlit as st

from lib.domain.job_search import JobQuery
from lib.services import job_export
from lib.ui import session
from lib.ui.text import safe

#: So many ids fit in an address that every proxy takes (8 kB); more are made in memory.
MOST_IN_ADDRESS = 200
_FORMATS = (
    ("csv", "CSV", "for a spreadsheet", "text/csv"),
    ("json", "JSON", "for a program, or to import it elsewhere", "application/json"),
)


def export_buttons(what: JobQuery | Sequence[UUID], key: str = "export") -> None:
    """A menu with the jobs of a search, or those named, as CSV and as JSON.

    The links are answered by lib/http/exports.py, which asks again who is signed in.
    """
    with st.popover("Export Job Data", icon=":material/download:", key=key):
        for format_, name, use, mime in _FORMATS:
            if isinstance(what, JobQuery) or len(what) <= MOST_IN_ADDRESS:
                st.html(
                    f'<a class="export-link" target="_self" href="{safe(address(what, format_))}">'
                    f"<b>{name}</b><small>{use}</small></a>"
                )
            else:
                _draw_download(what, format_, name, mime, f"{key}-{format_}")


def address(what: JobQuery | Sequence[UUID], format_: str) -> str:
    """Where the file is: `/exports/jobs.csv?job=…&job=…`, or with the parameters of a search."""
    params = what.to_params() if isinstance(what, JobQuery) else {"job": [one.hex for one in what]}
    query = urlencode(params, doseq=True)
    return f"/exports/jobs.{format_}" + (f"?{query}" if query else "")


def _draw_download(what: Sequence[UUID], format_: str, name: str, mime: str, key: str) -> None:
    """A selection too long for an address: the file is made once somebody asks for it."""

    def made() -> bytes:
        person = session.current_person()
        make = {"csv": job_export.stream_csv, "json": job_export.stream_json}[format_]
        return b"".join(make(person, what)) if person else b""

    st.download_button(
        name,
        data=made,
        file_name=f"jobs-{datetime.now(UTC):%Y-%m-%d}.{format_}",
        mime=mime,
        key=key,
        on_click="ignore",
        type="tertiary",
        width="stretch",
    )
