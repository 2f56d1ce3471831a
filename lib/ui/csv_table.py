"""A table with the button below it that saves it as CSV.

The grid's own icon writes cells that a spreadsheet runs as formulas; the style sheet hides it.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from lib.domain.spreadsheet import BYTE_ORDER_MARK, csv_line
from lib.settings import settings


def table_with_csv(name: str, table: pd.DataFrame, **options: Any) -> Any:
    """Draws the table, saved as `<name>.csv`; returns what `st.dataframe` does."""
    answer = st.dataframe(table, key=name, hide_index=True, **options)
    csv_button("CSV", name, lambda: csv_lines(table), key=f"csv-{name}", type="tertiary")
    return answer


def csv_button(label: str, name: str, lines: Callable[[], Iterable[str]], **options: Any) -> None:
    """Saves lines as `<name>.csv`; they are made at the click."""
    st.download_button(
        label,
        data=lambda: "".join(lines()).encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        **options,
    )


def csv_lines(table: pd.DataFrame) -> Iterator[str]:
    """The table as CSV; no cell is taken for a formula."""
    yield BYTE_ORDER_MARK + csv_line(table.columns)
    for row in table.itertuples(index=False):
        yield csv_line(map(_cell, row))


def _cell(value: Any) -> Any:
    """Moments on the billing time zone's clock; lists, as of coloured labels, as text."""
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, datetime):
        local = value.astimezone(settings().time_zone) if value.tzinfo else value
        return local.isoformat(timespec="seconds")
    return value
