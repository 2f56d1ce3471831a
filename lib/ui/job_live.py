"""The live part of a job's page: state, timeline, progress, loss, log."""

from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st
from sqlalchemy import Row

from lib.domain.money import usd
from lib.domain.next_steps import waiting
from lib.domain.offers import LOCAL_ENGINE, PROVISIONING_MINUTES
from lib.domain.people import Person
from lib.domain.states import ACTIVE, TERMINAL, JobStatus
from lib.services.jobs import JobView
from lib.ui import next_step, queue_place, rehearsal, spending_cap, wizard
from lib.ui.charts import PLOT_CONFIG, loss_chart
from lib.ui.moments import clock, date_and_time, span
from lib.ui.status import pill
from lib.ui.tables import log_table
from lib.ui.text import plain, safe
from lib.ui.timeline import timeline_html

_EXPLAINED = {
    JobStatus.PROVISIONING: "The machine is being made ready.",
    JobStatus.STARTING: "The trainer is loading the model and the data.",
}
_PROVISIONING = f"Provisioning GPU... Estimated time: {PROVISIONING_MINUTES} minutes"  # FR1.3.2


def draw(person: Person, view: JobView, *, worker_runs: bool) -> None:
    """Everything that changes while the job runs.

    Each part has its slot, so that none is made anew when one above it comes or goes.
    """
    job, now = view.job, datetime.now(UTC)
    st.html(f'<div class="headline">{pill(JobStatus(job.status))}{_sentence(view, now)}</div>')
    with st.container():
        if job.status in ACTIVE and not worker_runs:
            st.warning(
                "No worker is running, so this job does not move. The app starts one unless "
                "WORKER is off; `python -m lib.worker` starts one by hand.",
                icon=":material/warning:",
            )
        for notice in interruptions(view, now):
            st.warning(plain(notice), icon=":material/sync_problem:")
    with st.container():
        next_step.draw_waiting(person, view)
    st.html(timeline_html(view.events, now))
    with st.container():
        queue_place.draw(person, view)
        rehearsal.draw(person, view)
    with st.container():
        if job.status in ACTIVE:
            spending_cap.meter(job)
        if job.progress.get("step"):
            _draw_progress(view, now)
    with st.container():
        if view.metrics:
            _draw_loss(view)
    st.subheader("Log", anchor=False)
    log_table(view.events)


def interruptions(view: JobView, now: datetime) -> list[str]:
    """One line an interruption: when, and from where it went on."""
    found = []
    for at, event in enumerate(view.events):
        if event.to_status != JobStatus.RECOVERING:
            continue
        later = view.events[at + 1 :]
        resumed = next((entry.message for entry in later if entry.kind == "resumed"), None)
        trained = any(entry.to_status == JobStatus.RUNNING for entry in later)
        if resumed:
            outcome = resumed[:1].lower() + resumed[1:]
        elif trained:
            outcome = "started again from the beginning"
        else:
            outcome = "not resumed" if view.job.status in TERMINAL else "resuming"
        found.append(f"Interrupted at {clock(event.at, now)}, {outcome}")
    if found:
        count = len(found)
        found[-1] += f" · {count} {'recovery' if count == 1 else 'recoveries'}"
    return found


def elapsed(job: Row, now: datetime) -> timedelta | None:
    """Since the first attempt began; of an ended job, what its attempts ran together, as in all
    lists and comparisons. None where nothing has run.
    """
    if job.status in TERMINAL:
        hours = job.actual_duration_hours
        return None if hours is None else timedelta(hours=float(hours))
    return None if job.started_at is None else now - job.started_at


def _sentence(view: JobView, now: datetime) -> str:
    """What the state means now, in words."""
    job, status = view.job, JobStatus(view.job.status)
    ran = elapsed(job, now)
    if job.cancel_requested_at is not None and status in ACTIVE:
        return "<span>Cancelling: the run is being ended.</span>"
    if status is JobStatus.QUEUED:
        ahead = view.jobs_ahead
        place = f"{ahead} job{'s' if ahead > 1 else ''} ahead" if ahead else "next in line"
        return f"<span>Waiting: {place}.</span>"
    if status in TERMINAL and job.ended_at is not None:
        lasted = f" · took {span(ran.total_seconds())}" if ran is not None else ""
        ended = date_and_time(job.ended_at)
        return f"<span>{ended}{lasted} · cost {usd(job.actual_cost)}</span>"
    if any(attempt.verdict and attempt.ended_at is None for attempt in view.attempts):
        return "<span>The run is over; its machine is being ended.</span>"
    if waiting(view.attempts) is not None:
        return "<span>Waiting for a machine.</span>"
    if status is JobStatus.PROVISIONING and job.engine != LOCAL_ENGINE:
        return f'<span>{_PROVISIONING}</span><i class="under-way" aria-hidden="true"></i>'
    return f"<span>{safe(_EXPLAINED.get(status, ''))}</span>"


def _draw_progress(view: JobView, now: datetime) -> None:
    job, progress = view.job, view.job.progress
    if job.status not in TERMINAL and "percent" in progress:
        percent = progress["percent"]
        step = _of(progress, "step", "steps_total")
        st.progress(min(percent / 100, 1.0), text=f"Step {step} · {percent:.0f} %")
    wizard.facts(_tiles(view, now))


def _tiles(view: JobView, now: datetime) -> list[tuple[str, str, str]]:
    job, progress = view.job, view.job.progress
    ran = elapsed(job, now)
    tiles = [
        ("Step", _of(progress, "step", "steps_total"), _said(progress, "epoch", "epoch {:.2f}")),
        (
            "Loss",
            _said(progress, "loss", "{:.4f}") or "–",
            _said(progress, "first_loss", "first {:.4f}"),
        ),
        (
            "Speed",
            _speed(progress.get("tokens_per_second")),
            _said(progress, "tokens_seen", "{:,} tokens seen"),
        ),
        (
            "Run time" if job.status in TERMINAL else "Elapsed",
            span(ran.total_seconds()) if ran is not None else "–",
            f"since {clock(job.started_at, now)}" if job.started_at else "",
        ),
    ]
    left = _time_left(view, now)
    if left is not None:
        tiles.append(
            ("Time left", f"≈ {span(left)}", f"done at {clock(now + timedelta(seconds=left), now)}")
        )
    estimated = f"of {usd(job.estimated_cost_min)} – {usd(job.estimated_cost_max)} estimated"
    tiles.append(("Cost so far" if left is not None else "Cost", usd(job.actual_cost), estimated))
    return tiles


def _time_left(view: JobView, now: datetime) -> float | None:
    """Seconds: what was left at the last step, less what has passed since."""
    seconds = view.job.progress.get("eta_seconds")
    if view.job.status != JobStatus.RUNNING or seconds is None or not view.metrics:
        return None
    return max(0.0, seconds - (now - view.metrics[-1].at).total_seconds())


def _draw_loss(view: JobView) -> None:
    st.subheader("Loss", anchor=False)
    st.plotly_chart(
        loss_chart(view.metrics, view.job.progress.get("steps_total")),
        key="loss",
        config=PLOT_CONFIG,
        alt="Training loss by step",
    )


def _of(progress: dict[str, Any], part: str, whole: str) -> str:
    total = progress.get(whole)
    return f"{progress[part]:,}" + (f" of {total:,}" if total else "")


def _speed(tokens_per_second: float | None) -> str:
    """A slow run has a speed too: `0.48 tok/s` instead of none."""
    if tokens_per_second is None:
        return "–"
    return f"{tokens_per_second:,.{0 if tokens_per_second >= 10 else 2}f} tok/s"


def _said(progress: dict[str, Any], name: str, wording: str) -> str:
    value = progress.get(name)
    return "" if value is None else wording.format(value)
