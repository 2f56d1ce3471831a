"""How somebody's jobs have used spot and on demand, for the budget page (FR1.1.3)."""

import streamlit as st

from lib.domain.history import HISTORY_DAYS, Share
from lib.domain.money import usd
from lib.domain.offers import Tier
from lib.domain.usage import Usage
from lib.ui import wizard
from lib.ui.offer_words import NO_HISTORY


def draw_usage(usage: Usage) -> None:
    """Shares of the tiers, success on each, and what spot has saved; or that nothing has ended."""
    st.subheader("Spot and on demand", anchor=False)
    st.caption(f"Jobs on rented GPUs that ended in the last {HISTORY_DAYS} days.")
    if usage.share(Tier.SPOT) is None:
        st.write(f"No job on a rented GPU has ended: {NO_HISTORY}.")
        return
    compared = f"{usage.comparable} completed job{'' if usage.comparable == 1 else 's'}"
    wizard.facts(
        [
            ("On spot", *_figure(usage.share(Tier.SPOT), "rented jobs")),
            ("On demand", *_figure(usage.share(Tier.ON_DEMAND), "rented jobs")),
            ("Spot success", *_success(usage, Tier.SPOT)),
            ("On-demand success", *_success(usage, Tier.ON_DEMAND)),
            (
                "Saved by spot",
                usd(usage.saved) if usage.comparable else "–",
                f"against the on-demand rate of the time, {compared}",
            ),
        ]
    )


def _success(usage: Usage, tier: Tier) -> tuple[str, str]:
    found = usage.of(tier)
    return _figure(found.success if found else None, "completed")


def _figure(share: Share | None, of: str) -> tuple[str, str]:
    return (share.text, f"{share.count} of {share.of} {of}") if share else ("–", NO_HISTORY)
