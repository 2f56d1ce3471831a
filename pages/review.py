"""Step 5: everything once more, then the final check and the start (FR1.3.2)."""

import streamlit as st

from lib.ui import (
    drafting,
    notices,
    quote_list,
    review_blockers,
    review_modal,
    review_start,
    review_summary,
    wizard,
)
from lib.ui.guard import guard
from lib.ui.navigation import go

person = guard()
if started := st.session_state.pop(review_modal.STARTED, None):
    drafting.forget()
    go("job", started)
if st.session_state.pop(review_modal.LEFT, None):
    notices.on_next_page("Nothing was started. The job is kept as a draft.")
    go("jobs")
opened = drafting.open_draft(person)
assessment = drafting.assessed(opened)

wizard.head("review", "The final check. Starting reserves the most it may cost.")
with st.container():  # one element, however much it holds: what follows keeps its place
    review_summary.draw(person, opened, assessment)
    quote_list.draw_alternatives(person, opened)
    quote_list.draw(person, opened.job_id)
    review_blockers.draw(person, opened, assessment)
drafting.keep_assessment(assessment)
review_start.draw(assessment.digest)
wizard.foot(person, opened, "review")
