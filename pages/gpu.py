"""Step 3: where the job runs and what an hour costs (FR1.1.3)."""

import streamlit as st

from lib.domain.estimate import format_hours
from lib.domain.money import percent, usd
from lib.domain.offers import Tier
from lib.services.assessment import assess
from lib.services.estimates import Priced
from lib.services.quotes import RATE_SOURCES
from lib.ui import cost_charts, drafting, wizard
from lib.ui.guard import guard
from lib.ui.text import plain

person = guard()
opened = drafting.open_draft(person)
assessment = assess(opened)
offers = sorted((assessment.priced, *assessment.others), key=lambda priced: priced.offer.key)
by_tier = {priced.offer.tier: priced for priced in offers}

wizard.head("gpu", "The same job on each offer. Your choice decides what the panel shows.")

TITLES = {
    Tier.SPOT: (":material/bolt: Spot Instance (Recommended)", "Choose spot"),
    Tier.ON_DEMAND: (":material/verified: On-Demand Instance", "Choose on demand"),
    Tier.LOCAL: (":material/computer: This machine", "Choose this machine"),
}
BENEFITS = {
    Tier.SPOT: (
        "Resume within 10 minutes from last checkpoint (saved every 100 steps)",
        "10-30% chance of interruption, as published; no history yet",
    ),
    Tier.ON_DEMAND: (
        "No interruptions, predictable completion time",
        "Best for client deadlines, mission-critical training",
    ),
    Tier.LOCAL: (
        "A real rehearsal of this configuration on a small model",
        "Shows that file and settings work before money is spent",
    ),
}


def card(priced: Priced) -> None:
    """One offer: price first, then what speaks for and against it, and the choice."""
    offer, estimate = priced.offer, priced.estimate
    chosen = offer.key == draft.offer_key
    title, action = TITLES[offer.tier]
    with wizard.choice_card(offer.tier, chosen=chosen):
        st.markdown(f"**{title}**")
        st.html(
            f'<div class="panel-price num"><b>{usd(offer.hourly_rate)}</b> / hr</div>'
            f"<small>{offer.gpu_title} · {RATE_SOURCES[offer.source]}</small>"
        )
        if estimate is not None:
            wizard.rows(
                [
                    ("This job", usd(estimate.total)),
                    ("Time", format_hours(estimate.duration_hours)),
                    ("Compared with on demand", saving(priced)),
                ]
            )
        elif chosen:
            st.caption(plain(priced.message))
        else:
            st.caption("Its time is measured with a few real steps once you choose it.")
        st.markdown("\n".join(f"- {text}" for text in BENEFITS[offer.tier]))
        if offer.unavailable:
            st.badge("Quote only", color="orange", help=plain(offer.unavailable))
        st.button(
            "✓ Selected" if chosen else action,
            key=f"choose-{offer.tier}",
            type="primary" if chosen else "secondary",
            width="stretch",
            on_click=drafting.change_draft,
            args=(person,),
            kwargs={"offer_key": offer.key},
        )


def saving(priced: Priced) -> str:
    """What the offer saves against on demand, computed from both estimates."""
    rented = by_tier[Tier.ON_DEMAND].estimate
    if rented is None or priced.estimate is None or priced.offer.tier is Tier.ON_DEMAND:
        return "–"
    saved = rented.total - priced.estimate.total
    return f"save {usd(saved)} ({percent(saved, rented.total)} %)"


draft = opened.draft
order = (Tier.SPOT, Tier.ON_DEMAND, Tier.LOCAL)
for column, tier in zip(st.columns(3), order, strict=True):
    with column:
        card(by_tier[tier])

rented = [by_tier[tier] for tier in (Tier.SPOT, Tier.ON_DEMAND)]
st.plotly_chart(
    cost_charts.cost_comparison(rented),
    key="cost-comparison",
    config={"displayModeBar": False},
    alt="Total cost of this job on spot and on demand, with the interruption buffer",
)
spot, rent = (priced.offer.hourly_rate for priced in rented)
st.caption(
    f"An hour on spot saves {percent(rent - spot, rent)} % ({plain(usd(rent - spot))}) of the "
    "on-demand rate, computed from the rates above."
)
wizard.foot(person, opened, "gpu")
