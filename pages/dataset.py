"""Step 1: choose or import the training file, and make a job from it (FR1.1.1)."""

import streamlit as st

from lib.domain.dataset import DatasetSummary, readiness
from lib.domain.states import EnrichmentStatus
from lib.services import drafts, training_files
from lib.services.errors import Refusal
from lib.ui import conversation_view, dataset_view, drafting, file_import, wizard
from lib.ui.guard import guard
from lib.ui.moments import date_and_time
from lib.ui.navigation import go
from lib.ui.text import plain

person = guard()
wizard.head("dataset", "A job starts from a training file: look at what is in it first.")

files = training_files.listing()
file_import.draw(person, expanded=not files)
if not files:
    st.info(
        "There is no training file yet. Upload one, or import the generated sample from the "
        "import folder to try everything out.",
        icon=":material/database:",
    )
    st.stop()

chosen_id = dataset_view.choose(files)


@st.fragment(run_every=1.0)
def wait_for_enrichment() -> None:
    """Looks once a second whether the worker is done; then the page shows the figures."""
    st.info(
        "The worker is counting conversations, quality and tokens.", icon=":material/hourglass_top:"
    )
    if training_files.get(chosen_id).enrichment_status != EnrichmentStatus.PROCESSING:
        st.rerun()


file = training_files.get(chosen_id)
summary = DatasetSummary.from_dict(file.summary) if file.summary else None
state, reason = readiness(summary), training_files.why_not(file)
about, action = st.columns([3.4, 1], vertical_alignment="center")
with about.container(horizontal=True, vertical_alignment="center"):
    st.subheader(plain(file.name), anchor=False, width="content")
    colour = {"ready": "green", "processing": "gray", "review": "orange"}[state.state]
    st.badge(state.label, color=colour, help=plain(state.tooltip))
create = action.button(
    "Create Training Job",
    type="primary",
    icon=":material/arrow_forward:",
    icon_position="right",
    width="stretch",
    disabled=reason is not None,
    help=reason and plain(reason),
)
st.caption(
    f"{file.size_bytes / 1e6:.1f} MB · updated {date_and_time(file.updated_at)} · {file.format}"
)
if create:
    try:
        job_id = drafts.create(person, chosen_id)
    except Refusal as error:
        st.error(plain(error))
    else:
        drafting.forget()
        go("preset", job_id)

if file.enrichment_status == EnrichmentStatus.PROCESSING:
    wait_for_enrichment()
elif reason:
    st.warning(plain(reason), icon=":material/block:")
if summary is not None:
    dataset_view.show_problems(summary)
    dataset_view.show_summary(file, summary)
    conversation_view.draw(file.id)
