"""Choosing an offer: the toggle, what stands in the way, and the question before a dear one."""

from typing import Any

import streamlit as st

from lib.domain.offers import SPOT_KEY, Offer, Tier, offer_key
from lib.domain.people import Person
from lib.domain.recommendation import Recommendation, high_cost_question
from lib.services.assessment import Assessment
from lib.services.drafts import OpenDraft
from lib.services.estimates import Priced
from lib.ui import drafting
from lib.ui.offer_words import TOGGLE
from lib.ui.text import plain
from lib.ui.whole import whole

_ASKED = "offer_asked"  # (job id, offer key) while the question about a dear offer is open
_TOGGLE = "gpu-toggle"


def choose(person: Person, opened: OpenDraft, assessment: Assessment, key: str) -> None:
    """A callback: takes an offer, or asks first where it is on demand and above $150.

    Nothing is saved before the question is answered.
    """
    if key == drafting.draft_by_now().offer_key:
        return
    wanted = assessment.of(key)
    if wanted is None:
        gone = "There is no such offer at present; your choice stays as it was."
        st.toast(gone, icon=":material/error:")
    elif question_about(wanted, assessment):
        st.session_state[_ASKED] = (opened.job_id, key)
    else:
        drafting.change_draft(person, offer_key=key)


def question_about(wanted: Priced, assessment: Assessment) -> str | None:
    """What FR1.1.3 wants asked before this offer is taken; None for most."""
    spot = spot_instead(wanted.offer, assessment)
    if wanted.offer.tier is not Tier.ON_DEMAND or not wanted.estimate:
        return None
    if spot is None or not spot.estimate:
        return None
    return high_cost_question(spot.estimate.total, wanted.estimate.total)


def spot_instead(offer: Offer, assessment: Assessment) -> Priced | None:
    """The spot offer of the same GPU, else that of the H100, which is always listed."""
    same = assessment.of(offer_key(offer.engine, offer.gpu, Tier.SPOT))
    return same or assessment.of(SPOT_KEY)


def draw_toggle(
    person: Person,
    opened: OpenDraft,
    assessment: Assessment,
    gpu: Offer,
    recommendation: Recommendation | None,
) -> None:
    """Spot or on demand for the GPU in question; neither is marked while this machine is chosen.

    A toggle beside the cards, and not instead of them: it is the decision in two words, above the
    fold on a phone too, and the cards are the reasons. Both are drawn from the draft at every run
    and change it through the same callback, so that they cannot disagree.
    """
    chosen = assessment.priced.offer
    st.session_state[_TOGGLE] = None if chosen.is_local else chosen.tier

    def label(tier: Tier) -> str:
        best = recommendation is not None and recommendation.tier is tier
        return TOGGLE[tier] + (" (Recommended)" if best else "")

    @whole
    def choose_tier() -> None:
        tier = st.session_state[_TOGGLE]
        if tier is not None:
            choose(person, opened, assessment, offer_key(gpu.engine, gpu.gpu, tier))

    st.segmented_control(
        "GPU selection",
        list(TOGGLE),
        format_func=label,
        key=_TOGGLE,
        required=True,
        on_change=choose_tier,
        label_visibility="collapsed",
        width="stretch",
    )


def draw_question(person: Person, opened: OpenDraft, assessment: Assessment) -> None:
    """The question, while it is open for this job."""
    job_id, key = st.session_state.get(_ASKED, (None, ""))
    wanted = assessment.of(key)
    question = question_about(wanted, assessment) if wanted else None
    if job_id != opened.job_id or wanted is None or question is None:
        st.session_state.pop(_ASKED, None)
        return
    spot = spot_instead(wanted.offer, assessment)
    assert spot is not None
    _ask(person, question, wanted.offer, spot.offer)


@st.dialog("Choose on demand?", dismissible=False)
def _ask(person: Person, question: str, wanted: Offer, spot: Offer) -> None:
    """Not closed by a click beside it; Escape is Cancel."""

    def answer(label: str, key: str | None, **looks: Any) -> None:
        """One of the three: what it takes is taken, and the whole page is drawn anew."""
        if st.button(label, width="stretch", **looks):
            st.session_state.pop(_ASKED, None)
            if key is not None:
                drafting.change_draft(person, offer_key=key)
            st.rerun()

    st.markdown(plain(question))
    st.caption(plain(f"{wanted.title}. Spot: {spot.title}."))
    if spot.unavailable:
        st.caption(plain(spot.unavailable))
    answer("Recommended: Use Spot", spot.key, type="primary")
    answer("Continue with On-Demand", wanted.key)
    answer("Cancel", None, shortcut="Escape")
