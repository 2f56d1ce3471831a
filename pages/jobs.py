"""The job history, where everybody lands: found, filtered, chosen from, shared by its address."""

from dataclasses import replace
from uuid import UUID

import streamlit as st

from lib.domain.states import JobStatus
from lib.services import job_search
from lib.services.job_search import Page
from lib.services.offers import offers
from lib.ui import job_filters, job_list_bulk
from lib.ui.export_buttons import export_buttons
from lib.ui.guard import guard
from lib.ui.job_filters import AFTER
from lib.ui.job_import import import_button
from lib.ui.job_list import job_list
from lib.ui.job_list_words import draw_count, draw_no_match
from lib.ui.navigation import go

person = guard()
_OPENED = "job_opened"


def listing() -> None:
    """The list as it is now; alone in its fragment, it refreshes while something runs."""
    if job_filters.asked() != query:
        st.rerun()  # a tag in the list was clicked: the filters above change too
    if (opened := st.session_state.pop(_OPENED, None)) is not None:
        go("preset" if opened[1] else "job", opened[0])
    page = job_search.search(person, query, st.query_params.get(AFTER))
    job_list_bulk.draw_outcome()
    if not page.results:
        nothing_found()
        return
    draw_count(page, query)
    by_id = {row.id: row for row in page.rows}

    def open_job(job_id: UUID) -> None:
        draft = by_id[job_id].status == JobStatus.PENDING_CONFIGURATION
        st.session_state[_OPENED] = (job_id, draft)

    def add_tag(tag: str) -> None:
        job_filters.ask(replace(query, tags=tuple(dict.fromkeys([*query.tags, tag]))))

    job_list(
        "job-list",
        page.results,
        {offer.key: offer.title for offer in offers()},
        job_list_bulk.chosen(),
        page=f"{query.to_params()} {st.query_params.get(AFTER)}",
        creators=person.may_see_all_jobs,
        on_choose=lambda ticked: job_list_bulk.choose(list(by_id), ticked),
        on_open=open_job,
        on_tag=add_tag,
    )
    draw_foot(page)
    job_list_bulk.draw_bar(person, query, page)


def turn(after: str | None) -> None:
    """A callback: the page after a cursor; None is the first."""
    if after is None:
        st.query_params.pop(AFTER, None)
    else:
        st.query_params[AFTER] = after


def draw_foot(page: Page) -> None:
    """The pages around, and all that matches as a file."""
    with st.container(horizontal=True, vertical_alignment="center", key="job-pages"):
        if st.query_params.get(AFTER):
            st.button(
                "First page",
                icon=":material/first_page:",
                on_click=turn,
                args=(None,),
            )
        if page.next:
            st.button(
                "Next page",
                icon=":material/chevron_right:",
                on_click=turn,
                args=(page.next,),
            )
        if not job_list_bulk.chosen():
            export_buttons(query)


def nothing_found() -> None:
    """What to do next where the list is empty."""
    with st.container(key="empty"):
        if query.narrowed or st.query_params.get(AFTER):
            draw_no_match(query)
            return
        st.subheader("Start your first job", anchor=False)
        st.write(
            "Choose a training file, see what the training takes and costs, and start it. "
            "A rehearsal on this machine costs nothing."
        )
        if st.button("Choose a training file", icon=":material/arrow_forward:"):
            go("dataset")


with st.container(horizontal=True, vertical_alignment="bottom"):
    st.title("Jobs", anchor=False)
    if st.button("New job", type="primary", icon=":material/add:"):
        go("dataset")
    import_button(person)
query = job_filters.draw(person)
st.fragment(listing, run_every=5.0 if job_search.anything_runs(person) else None)()
