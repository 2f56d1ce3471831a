"""The presets as radio cards: what each is for, costs, risks, and how often it has succeeded."""

from collections.abc import Sequence

from lib.domain.estimate import format_hours
from lib.domain.history import HISTORY_DAYS, History
from lib.domain.money import percent, usd
from lib.domain.offers import Tier, enough_memory
from lib.domain.presets import (
    PARAMETER_HELP,
    Preset,
    default_preset,
    default_preset_because,
    memory_needed_gb,
)
from lib.services.assessment import Assessment
from lib.services.estimates import Priced
from lib.services.quotes import shown_value
from lib.ui.radio_cards import RadioCard
from lib.ui.text import safe

_TONES = {"green": "good", "yellow": "fair", "orange": "warn"}
_ROWS = {Tier.SPOT: "Spot", Tier.ON_DEMAND: "On demand", Tier.LOCAL: "This machine"}


def preset_card(preset: Preset, prices: Sequence[Priced], assessment: Assessment) -> RadioCard:
    """One preset; `prices` are its own hyperparameters on the offers that are compared."""
    draft = assessment.draft
    modified = draft.preset == preset.name and draft.overrides
    changed = '<span class="pill plain">Modified below</span>' if modified else ""
    html = (
        f"<p>{safe(preset.description)}</p>"
        f'<div class="card-pills">{_risk(preset)}{_success(preset, assessment.history)}'
        f"{_suggested(preset, assessment.file.conversation_count)}{changed}</div>"
        f"{_figures(preset, prices)}{_saving(prices)}{_memory(preset, assessment)}"
        f"<p><small>For: {safe(', '.join(preset.use_cases))}.</small></p>"
        f"{_parameters(preset)}"
    )
    return RadioCard(
        name=preset.name,
        label=preset.title,
        html=html,
        locked=assessment.aggressive_locked if preset.name == "aggressive" else None,
        icon=preset.icon.removeprefix(":material/").removesuffix(":"),
    )


def success_text(preset: Preset, history: History) -> tuple[str, str]:
    """The badge's words, and what the figure was counted from."""
    share = history.preset_success(preset.name)
    here = history.rehearsals(preset.name)
    rehearsed = (
        f" On this machine {here.count:,} of {here.of:,} runs of it were completed." if here else ""
    )
    if share is None:
        source = f"No rented {preset.title} job has ended in the last {HISTORY_DAYS} days."
        return "Success rate: no history yet", source + rehearsed
    text = f"{share.percent.normalize():f}% success rate (based on {share.count:,} completed jobs)"
    source = (
        f"{share.count:,} of the {share.of:,} rented {preset.title} jobs that ended in the last "
        f"{HISTORY_DAYS} days were completed; cancelled ones are left out."
    )
    return text, source + rehearsed


def _risk(preset: Preset) -> str:
    tone, label = _TONES[preset.risk_colour], f"{preset.risk} risk"
    return _pill(f"{preset.name}-risk", tone, label, preset.risk_explained)


def _success(preset: Preset, history: History) -> str:
    text, source = success_text(preset, history)
    tone = "good" if history.preset_success(preset.name) else "quiet"
    return _pill(f"{preset.name}-success", tone, text, source)


def _suggested(preset: Preset, conversations: int) -> str:
    """On the preset that a new job on this file starts from."""
    if default_preset(conversations) != preset.name:
        return ""
    because = f"Suggested because {default_preset_because(conversations)}."
    return _pill(f"{preset.name}-suggested", "plain", "Suggested for this file", because)


def _figures(preset: Preset, prices: Sequence[Priced]) -> str:
    """Time and cost of this file beside what the preset is published with."""
    hours, spot, rent = preset.typical.hours, preset.typical.spot, preset.typical.on_demand
    published = {
        Tier.SPOT: f"${spot[0]}–{spot[1]}",
        Tier.ON_DEMAND: f"${rent[0]}–{rent[1]}",
        Tier.LOCAL: "–",
    }
    rented = [priced for priced in prices if not priced.offer.is_local]
    rows = [("Time", _hours(rented[:1]), f"{hours[0]}–{hours[1]} hrs")]
    for priced in prices:
        tier = priced.offer.tier
        here = usd(priced.estimate.total) if priced.estimate and tier is not Tier.LOCAL else None
        rows.append((_ROWS[tier], here or _hours([priced]), published[tier]))
    body = "".join(
        f"<tr><th scope=row>{name}</th><td><b>{here}</b></td><td>{typically}</td></tr>"
        for name, here, typically in rows
    )
    return (
        '<table class="rows card-figures"><tr><td></td><th scope=col>This file</th>'
        f"<th scope=col>Published typical</th></tr>{body}</table>"
    )


def _hours(prices: Sequence[Priced]) -> str:
    """The time of the first; this machine's is measured, and may not be yet."""
    estimate = prices[0].estimate if prices else None
    return format_hours(estimate.duration_hours) if estimate else "not measured"


def _saving(prices: Sequence[Priced]) -> str:
    totals = {p.offer.tier: p.estimate.total for p in prices if p.estimate}
    spot, rented = totals.get(Tier.SPOT), totals.get(Tier.ON_DEMAND)
    if spot is None or rented is None or spot >= rented:
        return ""
    saved = rented - spot
    return f'<p class="card-saving num">Spot saves {usd(saved)} ({percent(saved, rented)}%)</p>'


def _memory(preset: Preset, assessment: Assessment) -> str:
    """What GPU memory the preset needs, and whether the chosen GPU has it."""
    draft = assessment.draft
    taken = draft.preset == preset.name
    needed = memory_needed_gb(preset, (draft if taken else preset).hyperparameters)
    modified = " with your changes" if taken and draft.overrides else ""
    lacking = enough_memory(assessment.priced.offer, needed, preset.title + modified)
    if lacking:
        return f'<p class="card-stop">{safe(lacking)}</p>'
    return f"<p><small>Requires {needed} GB of GPU memory.</small></p>"


def _parameters(preset: Preset) -> str:
    """Every parameter as it is given to the trainer, each with its plain words."""
    body = "".join(
        f"<tr><th scope=row>{_explained(f'{preset.name}-{name}', name)}</th>"
        f"<td>{safe(', '.join(value) if isinstance(value, list) else shown_value(value))}</td></tr>"
        for name, value in preset.hyperparameters.to_dict().items()
    )
    summary = "<summary>Technical parameters</summary>"
    return f'<details>{summary}<table class="rows">{body}</table></details>'


def _explained(name: str, parameter: str) -> str:
    label, explained = PARAMETER_HELP[parameter]
    return f'<span class="tip-home">{_tip(name, "tip", label, f"{label}: {explained}")}</span>'


def _pill(name: str, tone: str, label: str, explained: str) -> str:
    return f'<span class="tip-home">{_tip(name, f"pill {tone} tip", label, explained)}</span>'


def _tip(name: str, classes: str, label: str, explained: str) -> str:
    """A word with its plain ones: on hover, on focus, on a touch, and for screen readers."""
    said = safe(explained)
    return (
        f'<span class="{classes}" tabindex="0" data-tip="{said}" aria-describedby="tip-{name}">'
        f'{safe(label)}</span><span id="tip-{name}" hidden>{said}</span>'
    )
