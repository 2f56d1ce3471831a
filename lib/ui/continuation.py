"""Continuing a job that ended at its spending cap, and the links between the two jobs."""

import streamlit as st
from sqlalchemy import Row

from lib.domain import spending_cap
from lib.domain.money import usd
from lib.domain.people import Person
from lib.services.continuation import Links, continue_job
from lib.services.errors import Refusal
from lib.services.jobs import JobView
from lib.ui import drafting
from lib.ui.navigation import go
from lib.ui.spending_cap import typed
from lib.ui.text import plain, safe


def ended_at_cap(job: Row) -> bool:
    """Whether its page tells of the cap instead of a failure."""
    return bool(job.failure_code == spending_cap.CODE)


def draw_links(links: Links) -> None:
    """`Continues …` and `Continued by …`, each with the way there; nothing where there is none."""
    told = [("Continues", row) for row in (links.begun_by,) if row is not None]
    told += [("Continued by", row) for row in links.continued_by]
    if told:
        lines = "".join(f"<li>{label} {_link(row)}</li>" for label, row in told)
        st.html(f'<ul class="continued">{lines}</ul>')


def draw_panel(person: Person, view: JobView, links: Links) -> None:
    """What happened at the cap, and the form that goes on from the checkpoint with a new one."""
    job = view.job
    with st.container(key="card-cap"):
        st.warning(
            f"**Ended at its spending cap**  \n{plain(job.failure_message or '')} "
            "Nothing more is charged.",
            icon=":material/savings:",
        )
        if not view.may_change:
            st.caption("Its creator, their manager or an admin can continue it.")
        elif links.refused is not None:
            st.caption(plain(links.refused))
        else:
            _form(person, job)


def _form(person: Person, job: Row) -> None:
    with st.form("continue-job", border=False, enter_to_submit=True):
        entered = st.text_input(
            "New spending cap in dollars",
            placeholder="the estimate's maximum of what is left, and the grace",
            key=f"new-cap-{job.id}",
            help="For what is left of the training alone. Left empty, the estimate decides.",
        )
        old = f"The cap was {usd(job.spending_cap)}. " if job.spending_cap is not None else ""
        st.caption(
            plain(
                f"{old}The new job has the same file, parameters and GPU, and is priced for the "
                "steps that are left. You see everything before it starts."
            )
        )
        sent = st.form_submit_button(
            "Continue with a new cap", type="primary", icon=":material/resume:"
        )
    if not sent:
        return
    try:
        new = continue_job(person, job.id, typed(entered))
    except (Refusal, ValueError) as refusal:
        st.error(plain(refusal), icon=":material/block:")
        return
    drafting.forget()
    go("review", new)


def _link(job: Row) -> str:
    remark = ' <span class="pill quiet">draft</span>' if job.queued_at is None else ""
    return f'<a href="/job?job={job.id}" target="_self">{safe(job.name)}</a>{remark}'
