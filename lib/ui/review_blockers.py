"""What keeps a job from being started, each with the way to the step that mends it (FR1.3.2)."""

from collections.abc import Mapping
from types import MappingProxyType

import streamlit as st

from lib.domain.offers import LOCAL_KEY
from lib.domain.people import Person
from lib.services.assessment import Assessment, Blocker
from lib.services.drafts import OpenDraft
from lib.ui import budget_dialog, drafting, review_modal
from lib.ui.navigation import page
from lib.ui.text import plain

#: The step that mends a blocker, by its code; the budget has ways of its own.
_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "fields": "details",
        "file": "dataset",
        "preset": "preset",
        "memory": "preset",
        "measuring": "gpu",
        "offer": "gpu",
    }
)


def draw(person: Person, opened: OpenDraft, assessment: Assessment) -> None:
    """The list, empty where nothing is in the way; and the ways out of a budget exceeded."""
    for blocker in assessment.blockers:
        st.error(plain(blocker.message), icon=":material/block:")
        _ways(person, opened, blocker)
    if assessment.overrun:
        news = not review_modal.is_open()
        budget_dialog.offer_ways_out(person, opened, assessment, by_itself=news)


def step_link(name: str, opened: OpenDraft, label: str) -> None:
    """A link to a step of the wizard over this draft."""
    st.page_link(
        page(name),
        label=label,
        icon=":material/edit:",
        query_params={} if name == "dataset" else {"job": str(opened.job_id)},
    )


def _ways(person: Person, opened: OpenDraft, blocker: Blocker) -> None:
    if blocker.code == "offer":
        st.button(
            "Rehearse on this machine",
            icon=":material/computer:",
            on_click=drafting.change_draft,
            args=(person,),
            kwargs={"offer_key": LOCAL_KEY},
        )
    if blocker.code == "continues":
        st.button(
            "Train from the beginning",
            icon=":material/restart_alt:",
            on_click=drafting.change_draft,
            args=(person,),
            kwargs={"continues": None},
        )
    if step := _STEPS.get(blocker.code):
        title = "GPU" if step == "gpu" else step.title()
        step_link(step, opened, f"Go to {title}")
