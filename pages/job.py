"""One job: how it goes, what it takes, what came out of it."""

from uuid import UUID

import streamlit as st

from lib.domain.states import ACTIVE, TERMINAL, JobStatus
from lib.services import jobs, workers
from lib.services.errors import NotFound
from lib.ui import job_cards, job_live, quote_list
from lib.ui.guard import guard
from lib.ui.job_cancel import draw_cancel_button
from lib.ui.moments import date_and_time
from lib.ui.navigation import go, page
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

name, action = st.columns([4.6, 1], vertical_alignment="center")
name.html(f'<h1 class="job-name" dir="auto">{safe(job.name)}</h1>')
if job.status in ACTIVE:
    with action:
        draw_cancel_button(person, job)
byline = f"By {job.creator_name} · created {date_and_time(job.created_at)}"
if job.queued_at is not None:
    byline += f" · started {date_and_time(job.queued_at)}"
st.html(f'<p class="byline">{safe(byline)}</p>')

if job.queued_at is None:
    if job.status == JobStatus.PENDING_CONFIGURATION:
        st.info("This job is a draft: it has not been started.", icon=":material/edit_note:")
        if st.button("Continue with it", type="primary", icon=":material/arrow_forward:"):
            go("preset", job_id)
    else:
        st.info("This draft was discarded. Its quotes stay.", icon=":material/delete:")
        quote_list.draw(person, job_id)
    st.stop()

if job.status == JobStatus.FAILED:
    job_cards.draw_failure(job)
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
        job_live.draw(now, worker_runs=now.job.status in TERMINAL or workers.is_running())


live()
left, right = st.columns(2)
with left:
    job_cards.draw_configuration(job)
with right:
    job_cards.draw_comparison(job)
    job_cards.draw_notes(job)
    quote_list.draw(person, job_id)
