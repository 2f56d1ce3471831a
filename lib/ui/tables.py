"""Tables that sort, search and export: a month's jobs, a job's log.

Amounts become floats here and nowhere else: the grid sorts and aligns numbers only.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import Row

from lib.domain.states import JobStatus
from lib.settings import settings
from lib.ui.csv_table import table_with_csv
from lib.ui.status import TITLES, TONES

_COLOURS = {"busy": "blue", "warn": "orange", "good": "green", "bad": "red", "quiet": "gray"}


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


def _status(job: Row) -> list[str]:
    return [TITLES[JobStatus(job.status)]]


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
