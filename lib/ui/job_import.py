"""Importing jobs from an export (FR1.3.1): upload, a preview of each job, then the drafts."""

from collections.abc import Sequence
from io import BytesIO

import streamlit as st

from lib.domain.people import Person
from lib.domain.presets import PRESETS
from lib.services import job_import
from lib.services.errors import Refusal
from lib.services.job_import import MOST_JOBS, MOST_MB, JobReport
from lib.ui.text import plain, safe

_FILE = "job-import-file"
_SEEN = "job_import_seen"  # (the upload's id, its reports or why there are none)
_DONE = "job_import_done"  # the upload's id, once its jobs were imported


def import_button(person: Person) -> None:
    """The button, and the dialog that it opens."""
    if st.button("Import jobs", icon=":material/upload:", key="import-jobs"):
        _dialog(person)


@st.dialog("Import jobs", width="large", icon=":material/upload:", on_dismiss="rerun")
def _dialog(person: Person) -> None:
    st.caption(
        "A JSON file of “Export Job Data”, from here or from another installation. Its jobs become "
        f"drafts of yours; at most {MOST_JOBS:,} jobs and {MOST_MB} MB."
    )
    upload = st.file_uploader("Exported jobs", type=["json"], key=_FILE, max_upload_size=MOST_MB)
    if upload is None:
        return
    reports = _reports(person, upload.file_id, upload.getvalue())
    if isinstance(reports, str):
        st.error(plain(reports), icon=":material/error:")
        return
    done = st.session_state.get(_DONE) == upload.file_id
    _draw_summary(reports, done)
    if reports:
        with st.container(height=340 if len(reports) > 4 else "content", border=True):
            st.html(_table(reports))
    usable = sum(report.usable for report in reports)
    if not done and usable:
        st.button(
            f"Import {_jobs(usable)}",
            type="primary",
            icon=":material/check:",
            key="import-now",
            on_click=_import,
            args=(person, upload.file_id, upload.getvalue()),
        )


def _reports(person: Person, upload_id: str, content: bytes) -> Sequence[JobReport] | str:
    """The newest word on this upload: its preview, or what its import came to."""
    seen = st.session_state.get(_SEEN)
    if seen is None or seen[0] != upload_id:
        try:
            found: Sequence[JobReport] | str = job_import.preview(person, BytesIO(content))
        except Refusal as refusal:
            found = str(refusal)
        seen = st.session_state[_SEEN] = (upload_id, found)
    return seen[1]


def _import(person: Person, upload_id: str, content: bytes) -> None:
    """A callback: makes the drafts, once an upload."""
    if st.session_state.get(_DONE) == upload_id:
        return
    st.session_state[_SEEN] = (upload_id, job_import.import_jobs(person, BytesIO(content)))
    st.session_state[_DONE] = upload_id


def _draw_summary(reports: Sequence[JobReport], done: bool) -> None:
    usable = sum(report.usable for report in reports)
    refused = len(reports) - usable
    if not reports:
        st.info("There is no job in this file.", icon=":material/info:")
    elif done:
        became = "a draft" if usable == 1 else "drafts"
        rest = f" {_jobs(refused)} could not be." if refused else ""
        st.success(
            f"{_jobs(usable)} imported as {became} of yours.{rest}", icon=":material/check_circle:"
        )
    else:
        words = f"{_jobs(usable)} can be imported"
        st.write(words + (f", {refused:,} cannot." if refused else "."))


def _table(reports: Sequence[JobReport]) -> str:
    """A line a job: what it is, and what becomes of it."""
    return f'<table class="intake"><tbody>{"".join(map(_line, reports))}</tbody></table>'


def _line(report: JobReport) -> str:
    name = safe(report.name or f"Job {report.number}")
    if report.job_id is not None:
        name = f'<a target="_self" href="/preset?job={report.job_id}">{name}</a>'
    preset = PRESETS[report.preset].title if report.preset in PRESETS else report.preset
    facts = " · ".join(safe(fact) for fact in (report.file, preset) if fact)
    state = _pill(report)
    said = "".join(f'<p class="stop">{safe(problem)}</p>' for problem in report.problems)
    said += "".join(f"<p>{safe(notice)}</p>" for notice in report.notices)
    return (
        f'<tr><td class="num">{report.number:,}</td>'
        f'<td dir="auto"><b>{name}</b><small>{facts}</small>{said}</td><td>{state}</td></tr>'
    )


def _pill(report: JobReport) -> str:
    if report.problems:
        return '<span class="pill bad">Not possible</span>'
    return f'<span class="pill good">{"Draft" if report.job_id else "Ready"}</span>'


def _jobs(count: int) -> str:
    return f"{count:,} job{'' if count == 1 else 's'}"
