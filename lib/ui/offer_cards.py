"""The comparison cards of the GPU page: price, benefits, trade-offs, savings, performance."""

from collections.abc import Sequence
from datetime import datetime

from lib.domain.estimate import format_hours
from lib.domain.history import History
from lib.domain.money import usd
from lib.domain.offers import Tier
from lib.services.estimates import Priced, Pricing
from lib.ui.offer_words import TITLES, performance, price_text, rate_note, sections
from lib.ui.radio_cards import RadioCard
from lib.ui.text import safe

_ICONS = {Tier.SPOT: "bolt", Tier.ON_DEMAND: "verified", Tier.LOCAL: "computer"}


def offer_card(
    priced: Priced,
    other: Priced | None,
    history: History,
    now: datetime,
    *,
    recommended: bool,
) -> RadioCard:
    """One offer; `other` is the same GPU on the other rented tier, which it is compared with."""
    said = sections(priced, other)
    badges = (["Recommended"] if recommended else []) + list(said.badges)
    pills = "".join(f'<span class="pill">{safe(badge)}</span>' for badge in badges)
    gpu = "" if priced.offer.is_local else f"{safe(priced.offer.gpu_title)} · "
    html = (
        f'<div class="offer-price"><b class="num">{safe(price_text(priced.offer))}</b>'
        f"<small>{gpu}{safe(rate_note(priced.offer, now))}</small></div>"
        f'<div class="offer-pills">{pills}</div>'
        f'<p class="offer-job num">{_this_job(priced)}</p>'
        f"{_section('Key benefits', said.benefits)}"
        f"{_section('Trade-offs', said.trade_offs)}"
        f"{_section('Cost savings', [said.savings])}"
        f"{_section('Historical performance', performance(history, priced.offer.tier))}"
    )
    tier = priced.offer.tier
    return RadioCard(priced.offer.key, TITLES[tier], html, icon=_ICONS[tier])


def missing_card(tier: Tier, key: str, gpu_title: str) -> RadioCard:
    """A tier on which the provider does not offer this GPU: there, and closed."""
    reason = f"RunPod lists no {TITLES[tier].lower()} of the {gpu_title}."
    return RadioCard(name=key, label=TITLES[tier], html="", locked=reason, icon=_ICONS[tier])


def _section(title: str, lines: Sequence[str]) -> str:
    items = "".join(f"<li>{safe(line)}</li>" for line in lines)
    return f"<h4>{title}</h4><ul>{items}</ul>"


def _this_job(priced: Priced) -> str:
    if priced.estimate is not None:
        total, hours = usd(priced.estimate.total), format_hours(priced.estimate.duration_hours)
        return f"This job: <b>{safe(total)}</b>, {safe(hours)}"
    if priced.status is Pricing.FAILED:
        return safe(priced.message)
    return "Its time is measured with a few real steps once you choose it."
