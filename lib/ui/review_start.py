"""The button to the final check, and the check itself, as a part of the page that runs alone."""

import streamlit as st

from lib.services.final_check import may_start
from lib.ui import drafting, review_modal, session


@st.fragment
def draw(page_digest: str) -> None:
    """Opening runs this part and nothing else, with the draft and its price as they are by now.

    `page_digest` is the assessment that the page around it shows: where this part finds another
    one, the page follows once the check is closed.
    """
    person = session.current_person()
    if person is None or review_modal.leads_on():
        st.rerun()  # to the sign-in, to the job or to the list
    opened = drafting.open_draft(person)
    assessment = drafting.assessed(opened)
    if assessment.blockers and review_modal.is_new():
        review_modal.forget()  # something has come in the way of it
    own = may_start(person, opened)
    if not own:
        st.info("Only its creator, their manager or an admin may start this job.")
    st.button(
        "Review & Start Training",
        type="primary",
        icon=":material/rocket_launch:",
        width="stretch",
        disabled=bool(assessment.blockers) or not own,
        on_click=review_modal.open_for,
        args=(opened.job_id,),
        key=review_modal.OPENER,
    )
    review_modal.draw(person, opened, assessment)
    if not review_modal.is_open() and assessment.digest != page_digest:
        st.rerun()
