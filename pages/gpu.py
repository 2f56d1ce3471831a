"""Step 3: where the job runs and what an hour costs (FR1.1.3)."""

from datetime import UTC, datetime

import streamlit as st

from lib.domain.money import percent, usd
from lib.domain.offers import LOCAL_KEY, SPOT_KEY, Tier, offer_key
from lib.domain.presets import PRESETS, memory_needed_gb
from lib.domain.recommendation import Recommendation, recommend
from lib.services.estimates import Priced
from lib.services.offers import freshness
from lib.ui import cost_charts, drafting, offer_choice, offer_deadline, wizard
from lib.ui.guard import guard
from lib.ui.offer_cards import missing_card, offer_card
from lib.ui.offer_rates import draw_rates
from lib.ui.offer_table import choose_offer
from lib.ui.offer_words import saved, terms
from lib.ui.radio_cards import RadioCard, radio_cards
from lib.ui.text import plain

person = guard()
opened = drafting.open_draft(person)
assessment = drafting.assessed(opened)
draft, now = opened.draft, datetime.now(UTC)

h100 = assessment.of(SPOT_KEY)
assert h100 is not None, "the published H100 is always offered"
# The GPU that the toggle and the cards are about: the chosen one, the H100 while none is rented.
gpu = h100.offer if assessment.priced.offer.is_local else assessment.priced.offer
keys = {tier: offer_key(gpu.engine, gpu.gpu, tier) for tier in (Tier.SPOT, Tier.ON_DEMAND)}
spot, on_demand = assessment.of(keys[Tier.SPOT]), assessment.of(keys[Tier.ON_DEMAND])
here = assessment.of(LOCAL_KEY)
saving = saved(spot, on_demand)


def choose(key: str) -> None:
    """What the toggle, the cards and the table all call."""
    offer_choice.choose(person, opened, assessment, key)


def recommended() -> Recommendation | None:
    """By FR1.1.3's rules; None where one tier is missing and there is nothing to weigh."""
    if spot is None or on_demand is None or not spot.estimate or not on_demand.estimate:
        return None
    return recommend(
        spot.estimate.duration_hours,
        spot.estimate.total,
        on_demand.estimate.total,
        assessment.budget.remaining,
        offer_deadline.hours_left(opened, now),
    )


def cards() -> list[RadioCard]:
    """Spot, on demand, this machine; a tier that is not offered is there and closed."""
    found = []
    for tier, priced, other in (
        (Tier.SPOT, spot, on_demand),
        (Tier.ON_DEMAND, on_demand, spot),
        (Tier.LOCAL, here, None),
    ):
        if priced is None:
            found.append(missing_card(tier, keys[tier], gpu.gpu_title))
            continue
        best = advice is not None and advice.tier is tier
        found.append(offer_card(priced, other, assessment.history, now, recommended=best))
    return found


def warn_of_scarcity(priced: Priced | None) -> None:
    """What RunPod says of its stock, where little or nothing is left."""
    if priced and priced.offer.stock_warning:
        st.warning(plain(priced.offer.stock_warning))


wizard.head("gpu", "The same job on each offer. Your choice decides what the panel shows.")
draw_rates(person, freshness(), [entry.offer for entry in (spot, on_demand) if entry], now)

advice = recommended()
offer_choice.draw_toggle(person, opened, assessment, gpu, advice)
if advice is not None:
    st.markdown(f":material/recommend: **{plain(advice.message)}**")
for priced in (spot, on_demand):
    warn_of_scarcity(priced)
for reason in dict.fromkeys(p.offer.unavailable for p in (spot, on_demand) if p):
    if reason:
        st.caption(f":material/info: {plain(reason)}")

radio_cards(
    "offers", f"How to run it: {gpu.gpu_title} or this machine", cards(), draft.offer_key, choose
)
with st.container(horizontal=True, key="terms"):
    for term, text in terms(spot, on_demand).items():
        st.caption(term, help=plain(text), width="content")

offer_deadline.draw_deadline(person, opened, assessment.priced, now)

rented = [priced for priced in (spot, on_demand) if priced]
st.plotly_chart(
    cost_charts.cost_comparison(rented),
    key="cost-comparison",
    config={"displayModeBar": False},
    alt="Total cost of this job on spot and on demand, with the interruption buffer",
)
if saving is not None and on_demand and on_demand.estimate:
    share = percent(saving, on_demand.estimate.total)
    st.markdown(f":green[**Spot saves {plain(usd(saving))} ({share}%)**] on this job.")

others = [
    entry
    for entry in (assessment.priced, *assessment.others)
    if not entry.offer.is_local and entry.offer.gpu != gpu.gpu
]
if others:
    with st.expander(f"Other GPUs ({len(others)} offers)", icon=":material/memory:"):
        preset = PRESETS[draft.preset]
        choose_offer(others, preset, memory_needed_gb(preset, draft.hyperparameters), choose)
        st.caption(
            "The published formula is about the H100: times on other GPUs follow it until runs "
            "on them have finished."
        )
offer_choice.draw_question(person, opened, assessment)
wizard.foot(person, opened, "gpu")
