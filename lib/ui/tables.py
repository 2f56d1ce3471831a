"""Tables that sort, search and export: jobs, a month's jobs, a job's log.

Amounts become floats here and nowhere else: the grid sorts and aligns numbers only.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import Row

from lib.domain.offers import TIER_TITLES, Tier
from lib.domain.states import JobStatus
from lib.settings import settings
from lib.ui.csv_table import table_with_csv
from lib.ui.status import TITLES, TONES

_COLOURS = {"busy": "blue", "warn": "orange", "good": "green", "bad": "red", "quiet": "gray"}
_ON_SCREEN, _CLICKED = "jobs_on_screen", "job_clicked"


def choose_job(jobs: Sequence[Row], places: Mapping[str, str], *, creators: bool) -> Row | None:
    """The list of jobs; returns the one whose name was clicked. `places`: offer titles by key."""
    columns: dict[str, Callable[[Row], Any]] = {
        "Name": _label,
        "Creator": lambda job: job.creator_name,
        "Status": _status,
        "Progress": _percent,
        "Actual": lambda job: dollars(job.actual_cost if job.queued_at else None),
        "Est. max": lambda job: dollars(job.estimated_cost_max),
        "Created": lambda job: job.created_at,
        "Runs on": lambda job: _place(job, places),
        "Preset": lambda job: (job.preset or "").title(),
        "Est. min": lambda job: dollars(job.estimated_cost_min),
    }
    if not creators:
        del columns["Creator"]
    on_screen = st.session_state.get(_ON_SCREEN, jobs)  # the rows that a click was aimed at
    st.session_state[_ON_SCREEN] = jobs
    st.dataframe(
        frame(jobs, columns),
        key="jobs",
        hide_index=True,
        row_height=38,
        placeholder="–",
        height="content" if len(jobs) <= 15 else 620,
        column_config={
            "Name": st.column_config.ButtonColumn(
                width=270 if not creators else 240, type="tertiary", alignment="left", key=_CLICKED
            ),
            "Creator": st.column_config.TextColumn(width=120),
            "Status": _status_column(),
            "Progress": st.column_config.ProgressColumn(
                width=100, min_value=0, max_value=100, format="%.0f %%"
            ),
            "Actual": money_column("Cost so far, or in the end"),
            "Est. min": money_column("The estimate's range when the job was started"),
            "Est. max": money_column("The estimate's range when the job was started"),
            "Created": moment_column("D MMM, HH:mm", width=112),
        },
    )
    clicked = st.session_state.get(_CLICKED)
    return on_screen[clicked["row"]] if clicked else None


def month_table(jobs: Sequence[Row]) -> None:
    """The jobs that count in a month: what each has spent and still holds."""
    columns: dict[str, Callable[[Row], Any]] = {
        "Name": lambda job: job.name,
        "Status": _status,
        "Spent": lambda job: dollars(job.actual_cost),
        "Reserved": lambda job: dollars(job.reserved),
        "Est. max": lambda job: dollars(job.estimated_cost_max),
        "Preset": lambda job: (job.preset or "").title(),
        "Started": lambda job: job.queued_at,
        "Ended": lambda job: job.ended_at,
    }
    table_with_csv(
        "month-jobs",
        frame(jobs, columns),
        row_height=38,
        placeholder="–",
        column_config={
            "Name": st.column_config.TextColumn(width=250),
            "Status": _status_column(),
            "Spent": money_column("What it has cost so far"),
            "Reserved": money_column("What it may still cost at most"),
            "Est. max": money_column("What was reserved when it was started"),
            "Started": moment_column(),
            "Ended": moment_column(),
        },
    )


def log_table(events: Sequence[Row]) -> None:
    """A job's event log, newest first."""
    columns: dict[str, Callable[[Row], Any]] = {
        "Time": lambda event: event.at,
        "Event": lambda event: event.message,
    }
    table_with_csv(
        "log",
        frame(list(reversed(events)), columns),
        height="content" if len(events) <= 8 else 318,
        column_config={
            "Time": moment_column("D MMM, HH:mm:ss", width=115),
            "Event": st.column_config.TextColumn(width=700),
        },
    )


def frame(rows: Sequence[Row], columns: Mapping[str, Callable[[Row], Any]]) -> pd.DataFrame:
    """Rows as a grid shows them: a column a title, with what its function makes of a row."""
    return pd.DataFrame({title: [value(row) for row in rows] for title, value in columns.items()})


def _label(job: Row) -> str:
    """The name on a button, where a leading colon could stand for an icon."""
    return f"\u2060{job.name}" if job.name.startswith(":") else job.name


def _status(job: Row) -> list[str]:
    return [TITLES[JobStatus(job.status)]]


def _percent(job: Row) -> float | None:
    if job.status == JobStatus.COMPLETED:
        return 100.0
    return job.progress.get("percent")


def _place(job: Row, places: Mapping[str, str]) -> str:
    """The GPU and tier that the job was started on, or that its draft has chosen."""
    if job.queued_at is None:
        return places.get(job.draft.get("offer_key", ""), "")
    if not job.configuration or not job.gpu_pricing_tier:
        return ""  # made by hand or by another version: it must not take the whole list down
    title = job.configuration.get("gpu_title", job.gpu_type)
    return f"{title}, {TIER_TITLES[Tier(job.gpu_pricing_tier)]}"


def dollars(amount: Decimal | None) -> float | None:
    """An amount for the grid."""
    return None if amount is None else float(amount)


def _status_column() -> Any:
    return st.column_config.MultiselectColumn(
        width=120,
        options=list(TITLES.values()),
        color=[_COLOURS[TONES[status]] for status in TITLES],
    )


def money_column(explained: str) -> Any:
    """A column of dollars."""
    return st.column_config.NumberColumn(width=90, format="dollar", help=explained)


def moment_column(format: str = "D MMM YYYY, HH:mm", width: int = 150) -> Any:
    """A column of moments on the billing time zone's clock."""
    return st.column_config.DatetimeColumn(
        width=width, format=format, timezone=settings().billing_time_zone
    )
