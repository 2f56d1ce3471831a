"""The states a job went through, drawn as steppers: one an attempt, with times and durations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from sqlalchemy import Row

from lib.domain.states import TERMINAL, JobStatus
from lib.ui.moments import clock, date_and_time, span
from lib.ui.status import TITLES, TONES
from lib.ui.text import safe

_WAY = (
    JobStatus.QUEUED,
    JobStatus.PROVISIONING,
    JobStatus.STARTING,
    JobStatus.RUNNING,
    JobStatus.COMPLETED,
)


@dataclass(frozen=True)
class Phase:
    """A state and when it was; `ended` is None where the job is in it still, or for good."""

    status: JobStatus
    began: datetime
    ended: datetime | None


def phases(events: Iterable[Row]) -> list[Phase]:
    """The states after the draft, oldest first, from the job's event log."""
    entered = [
        (JobStatus(event.to_status), event.at)
        for event in events
        if event.to_status and event.to_status != JobStatus.PENDING_CONFIGURATION
    ]
    ends = [began for _, began in entered[1:]]
    return [Phase(status, began, ended) for (status, began), ended in zip_longest(entered, ends)]


def attempts(found: Iterable[Phase]) -> list[list[Phase]]:
    """The phases in rows: an interruption ends a row, the next attempt begins one."""
    rows: list[list[Phase]] = []
    for phase in found:
        if not rows or rows[-1][-1].status is JobStatus.RECOVERING:
            rows.append([])
        rows[-1].append(phase)
    return rows


def timeline_html(events: Iterable[Row], now: datetime) -> str:
    """The whole history as one figure."""
    rows = attempts(phases(events))
    drawn = (_row_html(number, row, len(rows), now) for number, row in enumerate(rows, start=1))
    return f'<section class="timeline" aria-label="Timeline">{"".join(drawn)}</section>'


def _row_html(number: int, row: Sequence[Phase], count: int, now: datetime) -> str:
    label = f"<p>Attempt {number}</p>" if count > 1 else ""
    last = row[-1].status
    steps = [_step_html(phase, now) for phase in row]
    if number == count and last not in TERMINAL:
        steps += [f'<li class="next"><b>{TITLES[status]}</b></li>' for status in _ahead(last)]
    return f"{label}<ol>{''.join(steps)}</ol>"


def _ahead(status: JobStatus) -> Sequence[JobStatus]:
    """What is still to come if nothing goes wrong."""
    return _WAY[1:] if status is JobStatus.RECOVERING else _WAY[_WAY.index(status) + 1 :]


def _step_html(phase: Phase, now: datetime) -> str:
    here = phase.ended is None
    lasted = (
        ""
        if phase.status in TERMINAL
        else span(((phase.ended or now) - phase.began).total_seconds())
    )
    current = " aria-current=step" if here else ""
    return (
        f'<li class="{"now" if here else "done"} {TONES[phase.status]}"{current}>'
        f"<b>{TITLES[phase.status]}</b>"
        f'<time datetime="{phase.began.isoformat()}" title="{safe(date_and_time(phase.began))}">'
        f"{clock(phase.began, now)}</time><span>{lasted}</span></li>"
    )
