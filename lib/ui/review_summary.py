"""What the review page says of a draft: data, parameters, place, cost and budget (FR1.3.2)."""

import streamlit as st

from lib.domain.budget import forecast
from lib.domain.estimate import Estimate, format_hours
from lib.domain.explanations import warnings
from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.presets import PARAMETER_HELP, PRESETS
from lib.services.assessment import Assessment
from lib.services.drafts import OpenDraft
from lib.services.quotes import RATE_SOURCES, shown_value
from lib.ui import spending_cap, wizard
from lib.ui.moments import date_and_time
from lib.ui.review_blockers import step_link
from lib.ui.text import plain


def draw(person: Person, opened: OpenDraft, assessment: Assessment) -> None:
    """The whole configuration, each part with the way to its step, and what it costs."""
    st.subheader(plain(opened.draft.name), anchor=False)
    if begun := assessment.begun:
        told = f"Continues “{begun.name}” from its checkpoint: the estimate counts {begun.left}."
        st.info(plain(told), icon=":material/resume:")
    if opened.draft.description:
        st.text(opened.draft.description)
    left, right = st.columns(2)
    with left:
        _data(opened)
        _place(opened, assessment)
    with right:
        _parameters(opened)
    if assessment.estimate is not None:
        _cost(assessment, assessment.estimate)
        spending_cap.draw(person, opened, assessment)
    if assessment.decision:
        ahead = forecast(assessment.budget, assessment.decision.cost_max)
        st.markdown(f":{'red' if ahead.over else 'green'}[{plain(ahead.text)}]")
        if assessment.decision.allowed and assessment.decision.message:
            st.warning(plain(assessment.decision.message))


def _data(opened: OpenDraft) -> None:
    draft, file = opened.draft, opened.file
    st.markdown("**Training data**")
    wizard.rows(
        [
            ("File", file.name),
            ("Conversations", f"{file.conversation_count:,}"),
            ("Training pairs", f"{file.training_pairs:,}"),
            ("With a target response", f"{file.trainable_pairs:,}"),
            ("Client", draft.client or "nobody named"),
            ("Project", draft.project or "none"),
        ]
    )
    step_link("details", opened, "Edit details")


def _place(opened: OpenDraft, assessment: Assessment) -> None:
    draft, offer = opened.draft, assessment.priced.offer
    st.markdown("**Where it runs**")
    wizard.rows(
        [
            ("GPU", offer.title),
            ("Rate", f"{usd(offer.hourly_rate)} / hr"),
            ("Rate from", RATE_SOURCES[offer.source]),
            ("Deadline", date_and_time(draft.deadline) if draft.deadline else "none"),
        ]
    )
    step_link("gpu", opened, "Edit GPU")


def _parameters(opened: OpenDraft) -> None:
    draft = opened.draft
    modified = ", modified" if draft.overrides else ""
    st.markdown(f"**{PRESETS[draft.preset].title} preset**{modified}")
    wizard.rows(
        (PARAMETER_HELP[name][0], shown_value(value))
        for name, value in draft.hyperparameters.to_dict().items()
    )
    step_link("preset", opened, "Edit preset")


def _cost(assessment: Assessment, estimate: Estimate) -> None:
    reserved = assessment.decision.cost_max if assessment.decision else estimate.cost_max
    wizard.facts(
        [
            ("Cost", f"{usd(estimate.cost_min)} – {usd(estimate.cost_max)}", estimate.basis),
            ("Expected", usd(estimate.total), "sum of the breakdown"),
            (
                "Time",
                format_hours(estimate.duration_hours),
                f"{format_hours(estimate.duration_min_hours)} – "
                f"{format_hours(estimate.duration_max_hours)}",
            ),
            (
                "Budget after it",
                usd(assessment.budget.remaining - reserved),
                f"of {usd(assessment.budget.limit)}, with {usd(reserved)} reserved",
            ),
        ]
    )
    for warning in warnings(estimate, PRESETS[assessment.draft.preset]):
        st.warning(plain(warning))
