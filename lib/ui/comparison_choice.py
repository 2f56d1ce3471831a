"""Which jobs are compared: the address holds them; a search, tags and likenesses offer more."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.job_comparison import LEAST, MOST
from lib.domain.job_facts import Facts
from lib.domain.job_search import JobQuery
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import job_comparison, job_search
from lib.ui.comparison_bar import Entry, comparison_bar
from lib.ui.moments import date_and_time
from lib.ui.status import TITLES
from lib.ui.text import plain

_FOUND = 12  # jobs in the list below the search field
_TAG, _LIKE = "compare-tag", "compare-like"
_LIKENESSES: Mapping[str, str] = MappingProxyType(
    {"file": "Same file", "client": "Same client", "template": "Same template"}
)
_STARTED = tuple(set(JobStatus) - {JobStatus.PENDING_CONFIGURATION})


def show_only(job_ids: Sequence[UUID]) -> None:
    """Compares these jobs from now on: for callbacks, before the page is drawn anew."""
    st.query_params["jobs"] = ",".join(map(str, job_ids))


def draw_bar(person: Person, jobs: Sequence[Facts]) -> None:
    """The chips and the search."""

    def find(text: str) -> list[Entry]:
        query = JobQuery(text=text, statuses=_STARTED)
        rows = job_search.search(person, query, limit=_FOUND + MOST).rows
        compared = {job.id for job in jobs}
        return [_entry(row) for row in rows if row.id not in compared][:_FOUND]

    chips = [Entry(str(job.id), job.name, TITLES[job.status]) for job in jobs]
    comparison_bar("compared", chips, find, show_only)


def draw_offers(person: Person, jobs: Sequence[Facts]) -> None:
    """Tags that the compared jobs have, and what else they may share: each offers jobs to add."""
    counts = Counter(tag for job in jobs for tag in job.tags)
    tags = sorted(counts, key=lambda tag: (-counts[tag], tag))
    with st.container(key="compare-offers", horizontal=True, gap="medium"):
        tag = None
        if tags:
            tag = st.pills(
                "Filter by shared tags",
                tags,
                format_func=lambda name: f"{name} · {counts[name]}",
                key=_TAG,
                on_change=_only,
                args=(_LIKE,),
            )
        like = st.pills(
            "Add jobs with the",
            [by for by in _LIKENESSES if by == "file" or any(_id(job, by) for job in jobs)],
            format_func=lambda by: _LIKENESSES[by].lower(),
            key=_LIKE,
            on_change=_only,
            args=(_TAG,),
        )
    if tag:
        _narrow(jobs, tag)
        _offer(person, jobs, "tag", tag)
    elif like:
        _offer(person, jobs, like)


def _only(other: str) -> None:
    """One choice at a time: the other row's is taken back."""
    st.session_state[other] = None


def _id(job: Facts, by: str) -> UUID | None:
    return job.client_id if by == "client" else job.template_id


def _narrow(jobs: Sequence[Facts], tag: str) -> None:
    having = [job.id for job in jobs if tag in job.tags]
    if LEAST <= len(having) < len(jobs):
        st.button(
            f"Compare only the {len(having)} jobs tagged {tag}",
            icon=":material/filter_alt:",
            on_click=show_only,
            args=(having,),
        )


def _offer(person: Person, jobs: Sequence[Facts], by: str, tag: str = "") -> None:
    """A button a job, newest first."""
    ids = [job.id for job in jobs]
    found = job_comparison.alike(person, ids, by, tag)
    if not found:
        what = f"tag {tag}" if tag else _LIKENESSES[by].lower()
        st.caption(f"No other started job has the {what}.")
        return
    full = len(jobs) >= MOST
    if full:
        st.caption(f"{MOST} jobs are compared: remove one to add another.")
    with st.container(key="compare-offered", horizontal=True, gap="small"):
        for row in found:
            st.button(
                plain(row.name if len(row.name) <= 40 else f"{row.name[:39]}…"),
                key=f"add-{row.id}",
                icon=":material/add:",
                help=plain(f"{row.name}: {_entry(row).about}"),
                disabled=full,
                on_click=show_only,
                args=([*ids, row.id],),
            )


def _entry(row: Row) -> Entry:
    """A found job: `id`, `name`, `status`, `creator_name` and `created_at`."""
    status = TITLES[JobStatus(row.status)]
    creator = f"\u2068{row.creator_name}\u2069"  # from right to left: by itself
    about = f"{status} · {creator} · {date_and_time(row.created_at)}"
    return Entry(str(row.id), row.name, about)
