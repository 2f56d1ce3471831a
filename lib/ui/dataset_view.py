"""How a training file is shown: its figures, what they mean, what it is made of."""

from collections.abc import Sequence

import streamlit as st
from sqlalchemy import Row

from lib.domain.dataset import (
    DatasetSummary,
    Readiness,
    Share,
    eligible,
    pairs_explained,
    problems,
    scores_explained,
)
from lib.ui import wizard
from lib.ui.charts import distribution_chart
from lib.ui.file_chooser import quality_mark, shown_score
from lib.ui.text import plain

#: What can be done about each problem of `lib.domain.dataset.problems`.
_REMEDIES = {
    "nothing_to_train": "Give pairs a target response and import the file again.",
    "declared_mismatch": "Ask whoever made the file which figure is right.",
    "no_quality": "Read some conversations below and judge for yourself.",
    "low_quality": "Read some conversations below: would you want the model to answer so?",
    "not_reviewed": "Have somebody read the pairs, mark them in the file and import it again.",
}


def show_readiness(state: Readiness) -> None:
    """The indicator beside the file's name, with its explanation as a tooltip."""
    match state.state:
        case "ready":
            st.badge(state.label, color="green", help=plain(state.tooltip))
        case "processing":
            st.badge(state.label, color="gray", help=plain(state.tooltip))
        case "review":
            st.badge(state.label, color="orange", help=plain(state.tooltip))


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
            ("Conversations", f"{summary.conversations:,}", _length(summary)),
            ("Training pairs", f"{row.training_pairs:,}", "declared in the file"),
            ("With a target response", f"{summary.trainable_pairs:,}", "what is learned"),
            (
                "Average quality",
                "none" if average is None else f"{shown_score(average)} / 5",
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
                f"longest conversation {tokens['longest']:,}"
                if tokens and "longest" in tokens
                else "",
            ),
        ]
    )
    st.caption(plain(pairs_explained(summary)))
    _show_quality(summary)
    _show_make_up(summary)


def _length(summary: DatasetSummary) -> str:
    if not summary.sequences:
        return ""
    mean = summary.characters / summary.sequences
    return f"{mean:,.0f} characters each, at most {summary.longest_sequence:,}"


def _show_quality(summary: DatasetSummary) -> None:
    scored = {name: score for name, score in summary.quality.items() if score is not None}
    if not scored:
        return
    columns = st.columns(len(scored))
    for column, (name, score) in zip(columns, scored.items(), strict=True):
        column.progress(float(score) / 5, text=f"{name.replace('_', ' ').title()} {score:.1f}/5")
    if told := scores_explained(summary):
        st.caption(plain(told))


def _show_make_up(summary: DatasetSummary) -> None:
    """What the conversations are about, and how long they are."""
    turns = [Share(str(length), _turns(length), count) for length, count in summary.turns.items()]
    parts: list[tuple[str, Sequence[Share]]] = [
        ("Personas", _ranked(summary.personas)),
        ("Emotional arcs", _ranked(summary.emotional_arcs)),
        ("Topics", _ranked(summary.topics)),
        ("Turns of a conversation", sorted(turns, key=lambda share: int(share.key))),
    ]
    shown = [part for part in parts if part[1]]
    for row in (shown[:2], shown[2:]):
        for column, (title, shares) in zip(st.columns(2), row, strict=False):
            with column:
                st.markdown(f"**{title}**")
                st.plotly_chart(
                    distribution_chart(shares),
                    key=f"distribution-{title}",
                    config={"displayModeBar": False},
                    alt=f"{title} by share",
                )


def _ranked(shares: Sequence[Share]) -> list[Share]:
    return sorted(shares, key=lambda share: (-share.count, share.name))


def _turns(length: int) -> str:
    return f"{length} turn{'' if length == 1 else 's'}"
