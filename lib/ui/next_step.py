"""What went wrong or what a job waits for, in plain words, and the ways on as buttons (FR1.3.2)."""

from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import streamlit as st
from sqlalchemy import Row

from lib.domain.failure_table import Mender
from lib.domain.failures import explain
from lib.domain.money import usd
from lib.domain.next_steps import NextStep, Step, Waiting, waited_for, waiting
from lib.domain.people import Person
from lib.domain.states import ACTIVE
from lib.services import next_steps
from lib.services.errors import NotEligible, Refusal
from lib.services.jobs import JobView
from lib.ui import drafting, job_cancel
from lib.ui.client_address import client_address
from lib.ui.moments import clock, span
from lib.ui.navigation import go, page
from lib.ui.template_dialogs import another_file
from lib.ui.text import plain, safe

_ICONS = {
    Step.GO_ON: "resume",
    Step.RETRY: "refresh",
    Step.SMALLER_BATCH: "compress",
    Step.LOWER_RANK: "trending_down",
    Step.LARGER_GPU: "memory",
    Step.ON_DEMAND: "verified",
    Step.OTHER_GPU: "memory",
    Step.DATA_CENTER: "public",
    Step.REHEARSE: "computer",
    Step.OTHER_FILE: "database",
    Step.SEE_CONVERSATION: "forum",
    Step.TOP_UP: "account_balance_wallet",
    Step.ADMIN: "support_agent",
    Step.KEEP_WAITING: "hourglass_top",
    Step.CANCEL: "cancel",
}
_MENDED = {
    Mender.USER: ("warn", "You can mend this"),
    Mender.ADMIN: ("bad", "An admin has to mend this"),
    Mender.NOBODY: ("quiet", "Nothing to mend"),
}


def draw_failure(person: Person, view: JobView) -> None:
    """What went wrong, who can mend it, and the next steps of a failed job."""
    job, failure = view.job, explain(view.job.failure_code)
    kind, mended = _MENDED[failure.mender]
    spent = f"It has cost {usd(job.actual_cost)}; nothing more is charged."
    with st.container(key="card-failure"):
        st.html(
            '<div class="failure" role="alert"><i aria-hidden="true">error</i><div>'
            f"<h3>{safe(failure.title)}</h3>"
            f'<p dir="auto">{safe(failure.told(job.failure_message))}</p>'
            f'<p class="num"><span class="pill {kind}">{mended}</span> {safe(spent)}</p>'
            "</div></div>"
        )
        _draw_steps(person, job, next_steps.offered(person, job.id), promising=True)
        with st.expander("Technical detail", icon=":material/code:"):
            st.caption("For an engineer: what the run and its machine said, to be copied.")
            st.code(_technical(view), language=None, wrap_lines=True)


def draw_waiting(person: Person, view: JobView) -> None:
    """What a job waits for that found no machine, and the ways to wait no longer."""
    job, waits = view.job, waiting(view.attempts)
    if job.status not in ACTIVE or job.cancel_requested_at is not None or waits is None:
        return
    with st.container(key="card-waiting"):
        st.html(
            '<div class="failure waits"><i aria-hidden="true">hourglass_top</i><div>'
            f'<p class="num" role="timer">{safe(_sentence(job, waits, datetime.now(UTC)))}</p>'
            "</div></div>"
        )
        if not view.may_change:
            return
        kept = f"keeps-waiting-{job.id}"
        if st.session_state.get(kept):
            if st.button("Other ways", icon=":material/alt_route:", type="tertiary"):
                st.session_state[kept] = False
                st.rerun()
            return
        _draw_steps(person, job, _while_waiting(person, job, waits), promising=False)


def _sentence(job: Row, waits: Waiting, now: datetime) -> str:
    """With the moments on this installation's clock."""
    left = (waits.next_look - now).total_seconds() if waits.next_look else 0
    said = waits.sentence(
        *waited_for(job), since=clock(waits.since, now), pause=span(left) if left >= 1 else ""
    )
    return said if waits.until is None else f"{said} It is given up at {clock(waits.until, now)}."


def _while_waiting(person: Person, job: Row, waits: Waiting) -> tuple[NextStep, ...]:
    """Prices are read anew with each look for a machine, not with each second of the clock."""
    name, found = f"ways-of-{job.id}", st.session_state.get(f"ways-of-{job.id}")
    if found is None or found[0] != waits.looks:
        found = st.session_state[name] = (waits.looks, next_steps.offered(person, job.id))
    steps: tuple[NextStep, ...] = found[1]
    return steps


def _draw_steps(person: Person, job: Row, steps: tuple[NextStep, ...], *, promising: bool) -> None:
    """Best first. The first stands out where it is promising: to pay more is not suggested."""
    for at, step in enumerate(steps):
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"next-step-{step.step}"
        ):
            _draw_button(person, job, step, first=promising and at == 0)
            st.html(f'<small dir="auto">{safe(step.explained)}</small>')


def _draw_button(person: Person, job: Row, step: NextStep, *, first: bool) -> None:
    label, icon = plain(step.text), f":material/{_ICONS[step.step]}:"
    kind: Literal["primary", "secondary"] = "primary" if first else "secondary"
    if step.link is not None and urlsplit(step.link).scheme:
        st.link_button(label, step.link, icon=icon, type=kind)
    elif st.button(label, icon=icon, type=kind, key=f"take-{step.step}"):
        _take(person, job, step)


def _take(person: Person, job: Row, step: NextStep) -> None:
    """What the step's button does; where it makes a draft, the review is next."""
    if step.link is not None:
        leads_to = urlsplit(step.link)
        st.switch_page(page(leads_to.path.strip("/")), query_params=dict(parse_qsl(leads_to.query)))
    elif step.step is Step.KEEP_WAITING:
        st.session_state[f"keeps-waiting-{job.id}"] = True
        st.rerun()
    elif step.step is Step.CANCEL:
        job_cancel.ask()
    elif step.step is Step.OTHER_FILE:
        another_file(person, job.id, changes=step.changes, then="review")
    else:
        _make_draft(person, job, step)


def _make_draft(person: Person, job: Row, step: NextStep) -> None:
    try:
        new = next_steps.take(person, job.id, step.step, ip_address=client_address())
    except NotEligible as refusal:
        if job.status in ACTIVE:  # it waits on, and is not given up for what cannot be made
            st.toast(plain(refusal), icon=":material/block:")
        else:
            another_file(person, job.id, str(refusal), changes=step.changes, then="review")
    except Refusal as refusal:
        st.toast(plain(refusal), icon=":material/block:")
    else:
        drafting.forget()
        go("review", new)


def _technical(view: JobView) -> str:
    """All that is known of the end, as text to hand on."""
    job = view.job
    said = [event.message for event in view.events if event.kind == "technical"]
    return "\n".join(
        [
            f"Job {job.id}",
            f"Code: {job.failure_code or 'none'}",
            f"Message: {job.failure_message or 'none'}",
            *said[-1:],
            *(
                f"Attempt {one.number} on {one.engine}: {one.outcome or 'not ended'}, "
                f"{one.external_name}" + (f", {one.external_id}" if one.external_id else "")
                for one in view.attempts
            ),
        ]
    )
