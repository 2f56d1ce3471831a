"""How a training file is shown: its figures, its quality, what it is made of."""

from collections.abc import Sequence
from decimal import Decimal

import plotly.graph_objects as go
import streamlit as st
from sqlalchemy import Row

from lib.domain.dataset import REVIEW_QUALITY, DatasetSummary, Share, pairs_explained
from lib.ui import wizard
from lib.ui.text import plain

_TOP = 8  # bars in a distribution; the rest is summed up


def label(row: Row) -> str:
    """One line of the chooser: name, sizes and the quality indicator of FR1.1.1."""
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
