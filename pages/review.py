"""Step 5: everything once more, then start (FR1.3.2)."""

import streamlit as st

from lib.domain.budget import forecast
from lib.domain.estimate import format_hours
from lib.domain.explanations import warnings
from lib.domain.money import usd
from lib.domain.offers import LOCAL_KEY
from lib.domain.presets import PARAMETER_HELP, PRESETS
from lib.services import starting
from lib.services.errors import StartRefused
from lib.services.quotes import RATE_SOURCES, shown_value
from lib.ui import budget_dialog, drafting, quote_list, wizard
from lib.ui.client_address import client_address
from lib.ui.guard import guard
from lib.ui.moments import date_and_time
from lib.ui.navigation import go
from lib.ui.text import plain

person = guard()
if started := st.session_state.pop("started", None):
    drafting.forget()
    go("job", started)
opened = drafting.open_draft(person)
assessment = drafting.assessed(opened)
draft, file, offer = opened.draft, opened.file, assessment.priced.offer
preset, estimate = PRESETS[draft.preset], assessment.estimate

wizard.head("review", "The final check. Starting reserves the most it may cost.")
st.subheader(plain(draft.name), anchor=False)
if draft.description:
    st.text(draft.description)

left, right = st.columns(2)
with left:
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
    st.markdown("**Where it runs**")
    wizard.rows(
        [
            ("GPU", offer.title),
            ("Rate", f"{usd(offer.hourly_rate)} / hr"),
            ("Rate from", RATE_SOURCES[offer.source]),
            ("Deadline", date_and_time(draft.deadline) if draft.deadline else "none"),
        ]
    )
with right:
    st.markdown(f"**{preset.title} preset**" + (", modified" if draft.overrides else ""))
    wizard.rows(
        (PARAMETER_HELP[name][0], shown_value(value))
        for name, value in draft.hyperparameters.to_dict().items()
    )

if estimate is not None:
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
                usd(assessment.budget.remaining - estimate.cost_max),
                f"of {usd(assessment.budget.limit)}, at the most it may cost",
            ),
        ]
    )
    for warning in warnings(estimate, preset):
        st.warning(plain(warning))

for blocker in assessment.blockers:
    st.error(plain(blocker.message), icon=":material/block:")
    if blocker.code == "offer":
        st.button(
            "Rehearse on this machine",
            icon=":material/computer:",
            on_click=drafting.change_draft,
            args=(person,),
            kwargs={"offer_key": LOCAL_KEY},
        )
if assessment.decision:
    ahead = forecast(assessment.budget, assessment.decision.cost_max)
    st.markdown(f":{'red' if ahead.over else 'green'}[{plain(ahead.text)}]")
    if assessment.decision.allowed and assessment.decision.message:
        st.warning(plain(assessment.decision.message))
    if assessment.overrun:
        budget_dialog.offer_ways_out(person, opened, assessment)


def start() -> None:
    """Starts what is on screen: the digest says what that was."""
    try:
        starting.start(person, opened.job_id, assessment.digest, ip_address=client_address())
    except StartRefused as error:
        st.session_state["start_refused"] = str(error)
    else:
        st.session_state["started"] = opened.job_id


st.button(
    "Start Training",
    type="primary",
    icon=":material/rocket_launch:",
    disabled=bool(assessment.blockers),
    on_click=start,
    shortcut="Mod+Enter",
)
if refused := st.session_state.pop("start_refused", None):
    st.error(plain(refused), icon=":material/block:")
quote_list.draw_alternatives(person, opened)
quote_list.draw(person, opened.job_id)
wizard.foot(person, opened, "review")
