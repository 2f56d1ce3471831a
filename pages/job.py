"""One job: how it goes, what it takes, what came out of it, what is written about it."""

from uuid import UUID

import streamlit as st

from lib.domain.states import ACTIVE, TERMINAL, JobStatus
from lib.services import jobs, workers
from lib.services.continuation import links
from lib.services.errors import NotFound
from lib.ui import (
    continuation,
    job_cards,
    job_information,
    job_live,
    job_share,
    metadata_dialog,
    next_step,
    quote_list,
)
from lib.ui.export_buttons import export_buttons
from lib.ui.guard import guard
from lib.ui.job_cancel import draw_cancel_button
from lib.ui.moments import date_and_time
from lib.ui.navigation import go, page
from lib.ui.template_dialogs import clone_button, save_as_template_button
from lib.ui.text import safe

person = guard()

try:
    job_id = UUID(st.query_params.get("job", ""))
    shown = jobs.view(person, job_id)
except (ValueError, NotFound):
    st.title("No such job", anchor=False)
    st.write("There is no such job, or it is not yours to see.")
    st.page_link(page("jobs"), label="All jobs", icon=":material/arrow_back:")
    st.stop()
job = shown.job

st.html(f'<h1 class="job-name" dir="auto">{safe(job.name)}</h1>')
byline = f"By {job.creator_name} · created {date_and_time(job.created_at)}"
if job.queued_at is not None:
    byline += f" · started {date_and_time(job.queued_at)}"
st.html(f'<p class="byline">{safe(byline)}</p>')
around = links(person, job)
continuation.draw_links(around)

with st.container(horizontal=True, vertical_alignment="center", key="job-actions"):
    unstarted = job.status == JobStatus.PENDING_CONFIGURATION and shown.may_change
    if unstarted and st.button(
        "Continue with it", type="primary", icon=":material/arrow_forward:", key="continue"
    ):
        go("preset", job_id)
    job_share.draw_button(person, job_id)
    clone_button(person, job_id)
    save_as_template_button(person, job_id)
    st.page_link(
        page("compare"),
        label="Compare",
        icon=":material/compare_arrows:",
        query_params={"jobs": str(job_id)},
    )
    export_buttons([job_id])
    if job.status in ACTIVE and shown.may_change:
        draw_cancel_button(person, job)
metadata_dialog.draw(person, job_id)

if job.queued_at is None:
    if job.status == JobStatus.PENDING_CONFIGURATION:
        st.info("This job is a draft: it has not been started.", icon=":material/edit_note:")
    else:
        st.info("This draft was discarded. Its quotes stay.", icon=":material/delete:")
    job_information.draw(person, shown)
    quote_list.draw(person, job_id)
    st.stop()

if continuation.ended_at_cap(job):
    continuation.draw_panel(person, shown, around)
elif job.status == JobStatus.FAILED:
    next_step.draw_failure(person, shown)
if job.adapter_key:
    job_cards.draw_result(person, job)


@st.fragment(run_every=1.0 if job.status in ACTIVE else None)
def live() -> None:
    """Looks once a second; the whole page follows where its frame has to change."""
    now = jobs.view(person, job_id)
    changed = now.job.cancel_requested_at != job.cancel_requested_at
    if job.status not in TERMINAL and (now.job.status in TERMINAL or changed):
        st.rerun()
    with st.container(key="live"):
        running = now.job.status in TERMINAL or workers.is_running()
        job_live.draw(person, now, worker_runs=running)


live()
left, right = st.columns([1.25, 1])
with left:
    job_information.draw(person, shown)
with right:
    job_cards.draw_comparison(job)
    job_cards.draw_configuration(job)
    quote_list.draw(person, job_id)
