"""How training files are shown: chosen from a list, their figures, what they are made of."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import plotly.graph_objects as go
import streamlit as st
from sqlalchemy import Row

from lib.domain.dataset import (
    REVIEW_QUALITY,
    DatasetSummary,
    Share,
    eligible,
    pairs_explained,
    problems,
)
from lib.domain.file_filter import Entry, FileFilter, entries
from lib.domain.states import EnrichmentStatus
from lib.services.training_files import ineligible_because
from lib.ui import wizard
from lib.ui.file_import import CHOSEN
from lib.ui.text import plain

_TOP = 8  # bars in a distribution; the rest is summed up
_FILTERS = (
    "filter-name",
    "filter-least-conversations",
    "filter-most-conversations",
    "filter-least-quality",
    "filter-most-quality",
)
#: What can be done about each problem of `lib.domain.dataset.problems`.
_REMEDIES = {
    "nothing_to_train": "Give pairs a target response and import the file again.",
    "declared_mismatch": "Ask whoever made the file which figure is right.",
    "no_quality": "Read some conversations below and judge for yourself.",
    "low_quality": "Read some conversations below: would you want the model to answer so?",
    "not_reviewed": "Have somebody read the pairs, mark them in the file and import it again.",
}


def choose(files: Sequence[Row]) -> UUID:
    """The chooser with its filters. What is chosen stays so, also where the filters hide it."""
    chooser, filters = st.columns([5, 1], vertical_alignment="bottom")
    with filters.popover("Filter", icon=":material/filter_list:", width="stretch"):
        wanted = _filters()
    listed = {entry.file.id: entry for entry in entries(files, wanted, _obstacle)}
    matching = len(listed)
    known = {row.id: row for row in files}
    chosen = st.session_state.get(CHOSEN)
    if chosen not in known:
        chosen = next(iter(listed or known))
        st.session_state[CHOSEN] = chosen
    if hidden := chosen not in listed:
        listed[chosen] = Entry(known[chosen], _obstacle(known[chosen]))
    picked = chooser.selectbox(
        "Training file",
        list(listed),
        key=CHOSEN,
        format_func=lambda file_id: label(listed[file_id]),
        persist_state="session",
    )
    if wanted != FileFilter():
        remark = " The chosen one does not; it stays until you choose another." if hidden else ""
        verb = "matches" if matching == 1 else "match"
        st.caption(f"{matching:,} of {len(files):,} files {verb} the filter.{remark}")
    return picked


def _filters() -> FileFilter:
    """Name, conversations and quality; an empty field lets every file through."""
    name, *bounds = _FILTERS
    wanted = st.text_input("Name contains", key=name, persist_state="session")
    with st.container(horizontal=True):
        least, most = (
            st.number_input(
                f"Conversations {side}",
                min_value=0,
                value=None,
                placeholder="any",
                key=key,
                persist_state="session",
            )
            for side, key in zip(("from", "to"), bounds[:2], strict=True)
        )
    with st.container(horizontal=True):
        lowest, highest = (
            st.number_input(
                f"Quality {side}",
                min_value=0.0,
                max_value=5.0,
                value=None,
                step=0.1,
                format="%.1f",
                placeholder="any",
                key=key,
                persist_state="session",
            )
            for side, key in zip(("from", "to"), bounds[2:], strict=True)
        )
    st.button("Clear the filter", on_click=_clear, type="tertiary", icon=":material/close:")
    return FileFilter(wanted, least, most, _score(lowest), _score(highest))


def _clear() -> None:
    st.session_state.update(dict.fromkeys(_FILTERS[1:]), **{_FILTERS[0]: ""})


def _score(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.2f}")


def _obstacle(row: Row) -> str | None:
    return ineligible_because(row, in_use=False)


def label(entry: Entry[Row]) -> str:
    """A line of the chooser: name, sizes and quality (FR1.1.1), or why it cannot be used now."""
    row = entry.file
    if entry.obstacle is not None:
        processing = row.enrichment_status == EnrichmentStatus.PROCESSING
        return f"{'⏳' if processing else '✗'} {row.name} · {entry.obstacle}"
    return (
        f"{row.name} · {row.conversation_count:,} conversations · "
        f"{row.training_pairs:,} training pairs · {quality_mark(row.average_quality)}"
    )


def quality_mark(average: Decimal | None) -> str:
    """`✓ High Quality` from 4.0 up, `⚠ Review` below, with the score."""
    if average is None:
        return "no quality scores"
    mark = "✓ High Quality" if average >= REVIEW_QUALITY else "⚠ Review"
    return f"{mark} {average:.1f}"


def show_problems(summary: DatasetSummary) -> None:
    """What stands against training on the file, line by line, and what to do about it."""
    # Too few conversations are told by the page, as the reason why no job can be made.
    found = [problem for problem in problems(summary) if problem.code in _REMEDIES]
    if not found:
        return
    lines = "\n".join(f"- {plain(problem.message)} {_REMEDIES[problem.code]}" for problem in found)
    st.markdown(f"**What is still to be done**\n{lines}")
    if eligible(summary):
        st.caption("None of this keeps you from training on the file.")


def show_summary(row: Row, summary: DatasetSummary) -> None:
    """Figures first, then quality and distributions as charts."""
    tokens = row.tokens or {}
    average = summary.average_quality
    wizard.facts(
        [
            ("Conversations", f"{summary.conversations:,}", ""),
            ("Training pairs", f"{row.training_pairs:,}", "declared in the file"),
            ("With a target response", f"{summary.trainable_pairs:,}", "what is learned"),
            (
                "Average quality",
                "none" if average is None else f"{average:.1f} / 5",
                quality_mark(average).rsplit(" ", 1)[0] if average is not None else "no scores",
            ),
            (
                "Human reviewed",
                f"{summary.human_reviewed_percentage:.0f} %",
                f"{summary.human_reviewed:,} of {summary.training_pairs:,} pairs",
            ),
            (
                "Tokens",
                f"{tokens['tokens_total']:,}" if tokens else "not counted",
                f"longest conversation {tokens['longest']:,}" if tokens else "",
            ),
        ]
    )
    st.caption(plain(pairs_explained(summary)))
    _show_quality(summary)
    columns = st.columns(3)
    for column, title, shares in zip(
        columns,
        ("Personas", "Emotional arcs", "Topics"),
        (summary.personas, summary.emotional_arcs, summary.topics),
        strict=True,
    ):
        with column:
            _show_distribution(title, shares)


def _show_quality(summary: DatasetSummary) -> None:
    scored = {name: score for name, score in summary.quality.items() if score is not None}
    if not scored:
        return
    columns = st.columns(len(scored))
    for column, (name, score) in zip(columns, scored.items(), strict=True):
        column.progress(float(score) / 5, text=f"{name.replace('_', ' ').title()} {score:.1f}/5")


def _show_distribution(title: str, shares: Sequence[Share]) -> None:
    if not shares:
        return
    st.markdown(f"**{title}**")
    total = sum(share.count for share in shares)
    ranked = sorted(shares, key=lambda share: (-share.count, share.name))
    bars = [(share.name, share.count) for share in ranked[:_TOP]]
    if rest := ranked[_TOP:]:
        bars.append((f"{len(rest)} more", sum(share.count for share in rest)))
    names = [name if len(name) <= 26 else f"{name[:25]}…" for name, _count in bars]
    figure = go.Figure(
        go.Bar(
            x=[count for _name, count in bars],
            y=list(range(len(bars))),
            orientation="h",
            text=[f"{count / total:.0%}" for _name, count in bars],
            hovertext=[f"{count} conversations" for _name, count in bars],
            hoverinfo="text",
            textposition="auto",
            textangle=0,
            cliponaxis=False,
            marker={"color": "#2F5BEA"},
        )
    )
    figure.update_layout(
        height=28 * len(bars) + 16,
        margin={"l": 0, "r": 8, "t": 4, "b": 4},
        xaxis={"visible": False, "fixedrange": True, "rangemode": "tozero"},
        yaxis={
            "tickvals": list(range(len(bars))),
            # Plotly reads a little HTML in labels: names are shown as they are written.
            "ticktext": [name.replace("<", "‹").replace("&", "＆") for name in names],
            "autorange": "reversed",
            "fixedrange": True,
        },
        bargap=0.35,
    )
    st.plotly_chart(
        figure,
        key=f"distribution-{title}",
        config={"displayModeBar": False},
        alt=f"{title} by share",
    )
