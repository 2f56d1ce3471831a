"""Tables of the team page: they sort by their headings and export as CSV."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from sqlalchemy import Row

from lib.domain.history import Share
from lib.ui.csv_table import table_with_csv
from lib.ui.navigation import go
from lib.ui.tables import dollars, frame, moment_column, money_column

Columns = Mapping[str, Callable[[Any], Any]]
_ROWS_HIGH, _ROW = 12, 38


def table(
    key: str, rows: Sequence[Any], columns: Columns, config: Mapping[str, Any] | None = None
) -> None:
    """Rows in a grid; a long one scrolls in itself."""
    table_with_csv(
        f"team-{key}",
        frame(rows, columns),
        row_height=_ROW,
        placeholder="–",
        height="content" if len(rows) <= _ROWS_HIGH else _ROW * (_ROWS_HIGH + 1),
        column_config=dict(config or {}),
    )


def job_table(key: str, jobs: Sequence[Row], more: Columns) -> None:
    """Single jobs, with `more` columns; a click on a name opens the job, where it is edited."""
    clicked, shown_before = f"team-{key}-clicked", f"team-{key}-rows"
    on_screen = st.session_state.get(shown_before, jobs)  # the rows that a click was aimed at
    st.session_state[shown_before] = jobs
    columns: Columns = {
        "Name": _label,
        "Person": lambda job: job.person,
        "Cost": lambda job: dollars(job.cost),
        **more,
        "Preset": lambda job: (job.preset or "").title(),
        "Started": lambda job: job.queued_at,
    }
    config = {
        "Name": st.column_config.ButtonColumn(
            width=280, type="tertiary", alignment="left", key=clicked
        ),
        "Person": st.column_config.TextColumn(width=140),
        "Cost": money_column("Cost so far, or in the end"),
        "Started": moment_column("D MMM YYYY", width=105),
    }
    table(key, jobs, columns, config)
    if click := st.session_state.get(clicked):
        go("job", on_screen[click["row"]].id)


def percent(share: Share | None) -> float | None:
    """A share for the grid, which sorts numbers only."""
    return None if share is None else float(share.percent)


def percent_column(explained: str) -> Any:
    """A column of percentages."""
    return st.column_config.NumberColumn(width=100, format="%.1f %%", help=explained)


def _label(job: Row) -> str:
    """The name on a button, where a leading colon could stand for an icon."""
    return f"\u2060{job.name}" if job.name.startswith(":") else job.name
