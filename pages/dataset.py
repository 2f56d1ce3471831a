"""Step 1: choose or import the training file, and make a job from it (FR1.1.1)."""

import streamlit as st

from lib.domain.dataset import DatasetSummary, readiness
from lib.domain.states import EnrichmentStatus
from lib.services import training_files
from lib.services.first_estimates import first_estimate
from lib.ui import (
    conversation_view,
    dataset_view,
    file_chooser,
    file_import,
    file_job,
    file_menu,
    wizard,
)
from lib.ui.guard import guard
from lib.ui.moments import date_and_time
from lib.ui.text import plain

person = guard()
wizard.head("dataset", "A job starts from a training file: look at what is in it first.")

first, any_there = training_files.first_to_show()
file_import.draw(person, expanded=first is None)
if not any_there:
    st.info(
        "There is no training file yet. Upload one, or import the generated sample from the "
        "import folder to try everything out.",
        icon=":material/database:",
    )
    st.stop()

file = file_chooser.choose(first)
if file is None:
    st.stop()
file_id = file.id


@st.fragment(run_every=1.0)
def wait_for_enrichment() -> None:
    """Looks once a second whether the worker is done; then the page shows the figures."""
    st.info(
        "The worker is counting conversations, quality and tokens.", icon=":material/hourglass_top:"
    )
    if training_files.get(file_id).enrichment_status != EnrichmentStatus.PROCESSING:
        st.rerun()


waiting = file.enrichment_status == EnrichmentStatus.PROCESSING
summary = DatasetSummary.from_dict(file.summary) if file.summary else None
reason = training_files.why_not(file)
state = readiness(None) if waiting else readiness(summary, reason)
job = first_estimate(file) if summary is not None else None

about, action, manage = st.columns([3, 1.25, 0.75], vertical_alignment="center")
with about.container(horizontal=True, vertical_alignment="center"):
    st.subheader(plain(file.name), anchor=False, width="content")
    dataset_view.show_readiness(state)
create = action.button(
    "Create Training Job",
    type="primary",
    icon=":material/arrow_forward:",
    icon_position="right",
    width="stretch",
    disabled=reason is not None,
    help=reason and plain(reason),
)
with manage:
    file_menu.draw(person, file)
st.caption(
    f"{file.size_bytes / 1e6:.1f} MB · updated {date_and_time(file.updated_at)} · {file.format}"
)
if create and summary is not None and job is not None:
    file_job.create(person, file, summary, job)

if waiting:
    wait_for_enrichment()
elif reason:
    st.warning(plain(reason), icon=":material/block:")
    file_menu.draw_restore(person, file)
if summary is not None and job is not None:
    read_first = conversation_view.is_asked_for(file.id)
    if read_first:
        conversation_view.draw(file.id)
    file_job.preview(file, job)
    dataset_view.show_problems(summary)
    dataset_view.show_summary(file, summary)
    if not read_first:
        conversation_view.draw(file.id)
