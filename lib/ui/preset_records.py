"""How the presets have done, as a table (FR1.1.2's analytics)."""

import streamlit as st

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
        body = "".join(
            f"<tr><th scope=row>{safe(PRESETS[one.preset].title)}</th><td>{one.quarter_text}</td>"
            f"<td>{'rented' if one.rented else 'this machine'}</td><td>{one.jobs:,}</td>"
            f"<td>{one.success.text}</td><td>{one.difference_text}</td></tr>"
            for preset in PRESETS
            for one in records
            if one.preset == preset
        )
        heads = ("Quarter", "Ran on", "Jobs", "Succeeded", "Cost against estimate")
        columns = "".join(f"<th scope=col>{head}</th>" for head in heads)
        table = f'<table class="rows compared"><tr><td></td>{columns}</tr>{body}</table>'
        st.html(f'<div class="learned">{table}</div>')
        st.caption(
            "Jobs that were completed or failed, of everybody. Cost is the mean of completed jobs; "
            "runs that cost nothing are left out of it."
        )
