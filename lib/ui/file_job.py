"""A job from the chosen training file: what it would take, and the dialog that creates it."""

import streamlit as st
from sqlalchemy import Row

from lib.domain.dataset import DatasetSummary
from lib.domain.draft import first_name
from lib.domain.estimate import format_hours
from lib.domain.metadata import NAME_LENGTH
from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.presets import PRESETS, default_preset_because
from lib.services import drafts
from lib.services.drafts import today
from lib.services.errors import Refusal
from lib.services.first_estimates import FirstEstimate
from lib.ui import drafting, wizard
from lib.ui.file_chooser import quality_mark
from lib.ui.navigation import go
from lib.ui.text import plain

_PUBLISHED_HOURS, _PUBLISHED_COST = "published: 8-20 hours", "published: $25-100"
_PUBLISHED_IMPROVEMENT = "published: 30-40 %; not measured here"


def preview(file: Row, first: FirstEstimate) -> None:
    """FR1.1.1's training metrics: the estimate for this file beside the published ranges."""
    estimate, preset = first.estimate, PRESETS[first.preset]
    st.markdown("**What a job on this file would take**")
    wizard.facts(
        [
            ("Suggested preset", preset.title, f"{preset.risk} risk"),
            (
                "Duration",
                format_hours(estimate.duration_hours),
                f"{format_hours(estimate.duration_min_hours)} to "
                f"{format_hours(estimate.duration_max_hours)}; {_PUBLISHED_HOURS}",
            ),
            (
                "Cost on spot",
                f"{usd(estimate.cost_min)} – {usd(estimate.cost_max)}",
                f"{usd(estimate.total)} expected; {_PUBLISHED_COST}",
            ),
            ("Quality improvement", "not known", _PUBLISHED_IMPROVEMENT),
        ]
    )
    st.caption(
        plain(
            f"{preset.title} is suggested: {default_preset_because(file.conversation_count)}. The "
            f"estimate follows the {estimate.basis} for {file.training_pairs:,} training pairs on "
            f"{first.offer.title} at {usd(first.offer.hourly_rate)}/hr ({first.offer.source} "
            "rate); preset and GPU are yours to choose in the next steps."
        )
    )


@st.dialog("Create Training Job", icon=":material/add_circle:")
def create(person: Person, file: Row, summary: DatasetSummary, first: FirstEstimate) -> None:
    """Everything is filled in already: Enter creates the job and goes on to its configuration."""
    estimate = first.estimate
    wizard.rows(
        [
            ("Training file", file.name),
            ("Conversations", f"{file.conversation_count:,}"),
            ("Training pairs", f"{file.training_pairs:,}"),
            ("Quality", quality_mark(summary.average_quality)),
            (
                f"{PRESETS[first.preset].title}, {first.offer.title}",
                f"{usd(estimate.cost_min)} – {usd(estimate.cost_max)}, "
                f"{format_hours(estimate.duration_hours)}",
            ),
        ]
    )
    st.caption(
        plain(
            f"{PRESETS[first.preset].title} is suggested: "
            f"{default_preset_because(file.conversation_count)}. You can change everything later."
        )
    )
    with st.form("create-job", border=False):
        name = st.text_input(
            "Job name",
            value=first_name(file.name, today()),
            max_chars=NAME_LENGTH[1],
            help="As suggested, the name also gets the preset, and follows it when you choose "
            "another. A name of your own stays.",
        )
        created = st.form_submit_button(
            "Create",
            type="primary",
            icon=":material/arrow_forward:",
            icon_position="right",
            width="stretch",
            shortcut="Enter",  # wherever the focus is
        )
    if created:
        try:
            job_id = drafts.create(person, file.id, name)
        except Refusal as refusal:
            st.error(plain(refusal), icon=":material/block:")
        else:
            drafting.forget()
            go("preset", job_id)
