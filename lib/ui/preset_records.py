"""How the presets have done, as a table (FR1.1.2's analytics)."""

from collections.abc import Sequence

import streamlit as st

from lib.domain.preset_record import QuarterRecord
from lib.domain.presets import PRESETS
from lib.services.comparison import preset_records
from lib.ui.text import safe


def draw_records() -> None:
    """Jobs, success and cost against estimate by preset and quarter, once it is opened."""
    folded = st.expander(
        "How the presets have done",
        key="preset-records",
        icon=":material/history:",
        on_change="rerun",
    )
    if not folded.open:
        return
    with folded:
        records = preset_records()
        if not records:
            st.caption("No history yet: no job has been completed or has failed.")
            return
        st.html(f'<div class="learned">{_table(records)}</div>')
        st.caption(
            "Share of jobs that were completed, of all that were completed or failed, everybody's. "
            "Below it, how far their cost was from its estimate on average; free runs have none."
        )


def _table(records: Sequence[QuarterRecord]) -> str:
    """A row a preset and place, a column a quarter, the newest on the right."""
    quarters = sorted({one.quarter: one.quarter_text for one in records}.items())
    rows = []
    for preset in PRESETS.values():
        for rented in (True, False):
            own = {
                one.quarter: one
                for one in records
                if (one.preset, one.rented) == (preset.name, rented)
            }
            if own:
                cells = "".join(f"<td>{_cell(own.get(first))}</td>" for first, _ in quarters)
                name = f"{preset.title}, {'rented' if rented else 'this machine'}"
                jobs = f"{sum(one.jobs for one in own.values()):,}"
                rows.append(f"<tr><th scope=row>{safe(name)}</th><td>{jobs}</td>{cells}</tr>")
    heads = "".join(f"<th scope=col>{name}</th>" for _, name in quarters)
    return (
        '<table class="rows compared"><tr><td></td><th scope=col>Jobs</th>'
        f"{heads}</tr>{''.join(rows)}</table>"
    )


def _cell(record: QuarterRecord | None) -> str:
    if record is None:
        return "–"
    return f"{record.success.text} of {record.jobs:,}<br><small>{record.difference_text}</small>"
