"""The cards of the final check: training dataset, hyperparameters, GPU (FR1.3.2). HTML of ours."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from sqlalchemy import Row

from lib.domain.dataset import REVIEW_QUALITY, DatasetSummary
from lib.domain.draft import Draft
from lib.domain.history import INTERRUPTION_DAYS, NO_SPOT_HISTORY, History
from lib.domain.money import ZERO, percent, usd
from lib.domain.offers import PROVISIONING_MINUTES, RECOVERY_MINUTES, Offer, Stock, Tier
from lib.domain.presets import PARAMETER_HELP, PRESETS
from lib.services.estimates import Priced
from lib.services.final_check import FinalCheck
from lib.services.quotes import RATE_SOURCES
from lib.ui.file_chooser import shown_score
from lib.ui.offer_words import TITLES
from lib.ui.text import file_size, safe

#: FR1.3.2's own names where they differ from those of the other pages.
_LABELS: Mapping[str, str] = MappingProxyType(
    {"r": "LoRA Rank (r)", "num_train_epochs": "Training Epochs"}
)
_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "q_proj": "Query",
        "k_proj": "Key",
        "v_proj": "Value",
        "o_proj": "Output",
        "gate_proj": "Gate",
        "up_proj": "Up",
        "down_proj": "Down",
    }
)
_SCORES = ("empathy", "clarity", "appropriateness")
_TONES: Mapping[str, str] = MappingProxyType(
    {"conservative": "good", "balanced": "fair", "aggressive": "warn"}
)


def section(name: str, title: str, body: str, *, tip: str = "") -> str:
    """A part that Tab reaches and a screen reader names; `body` is HTML."""
    note = f"<small>{safe(tip)}</small>" if tip else ""
    return (
        f'<section class="fc-{name}" tabindex="0" aria-labelledby="fc-{name}-title">'
        f'<h3 id="fc-{name}-title">{safe(title)}</h3>{note}{body}</section>'
    )


def rows(pairs: Iterable[tuple[str, str]]) -> str:
    """Label and value; the values are HTML already."""
    return "<dl>" + "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in pairs) + "</dl>"


def dataset_card(file: Row) -> str:
    """Name, counts, quality, make-up, review, size and place of the training file."""
    summary = DatasetSummary.from_dict(file.summary) if file.summary else None
    pairs = [
        ("File", f"<b>{safe(file.name)}</b>"),
        (
            "Size",
            f"{file.conversation_count:,} conversations, {file.training_pairs:,} training pairs",
        ),
    ]
    if summary is not None:
        pairs += [
            ("Average quality", _scores(summary)),
            (
                "Scaffolding",
                f"{_count(summary.personas, 'persona')}, "
                f"{_count(summary.emotional_arcs, 'emotional arc')}, "
                f"{_count(summary.topics, 'topic')}",
            ),
            ("Human review", f"{summary.human_reviewed_percentage:.0f}% human-reviewed"),
            ("File size", file_size(summary.size_bytes)),
        ]
    # Relative to the data folder: the machine's own paths are nobody's business.
    pairs.append(("Stored in", f"<code>files/{safe(file.storage_key)}</code>"))
    return section("dataset", "Training Dataset", rows(pairs))


def parameters_card(draft: Draft) -> str:
    """The preset and every parameter, each with its explanation."""
    preset = PRESETS[draft.preset]
    badge = f'<span class="pill {_TONES[draft.preset]}">{preset.title}</span>'
    if draft.overrides:
        badge += ' <span class="pill quiet">modified</span>'
    pairs = [("Preset", badge)]
    for name, value in draft.hyperparameters.to_dict().items():
        label, explained = PARAMETER_HELP[name]
        pairs.append((_tip(_LABELS.get(name, label), explained), safe(readable(name, value))))
    if draft.max_steps is not None:
        pairs.append(("Ends after", f"{draft.max_steps:,} steps"))
    hint = "Hover over any parameter for explanation"
    return section("parameters", "Hyperparameters", rows(pairs), tip=hint)


def readable(name: str, value: object) -> str:
    """A parameter's value in words: `2 steps`, `Query, Key, Value, Output projections`."""
    if isinstance(value, list):
        listed = [title for module, title in _MODULES.items() if module in value]
        return f"{', '.join(listed)} projection{'' if len(listed) == 1 else 's'}"
    if name == "gradient_accumulation_steps":
        return f"{value} step{'' if value == 1 else 's'}"
    # A small float as it was written: 0.00005, never 5e-05.
    return f"{Decimal(str(value)):f}" if isinstance(value, float) else str(value)


def gpu_card(check: FinalCheck) -> str:
    """GPU, tier, rate, risk of interruption, recovery, and how long it takes to begin."""
    offer, other = check.assessment.priced.offer, check.other_tier
    pairs = [
        ("GPU", f"<b>{safe(offer.gpu_title)}</b>"),
        ("Pricing tier", f'<span class="pill">{safe(_tier(offer, other))}</span>'),
        (
            "Hourly rate",
            f"{usd(offer.hourly_rate)}/hr<small>{RATE_SOURCES[offer.source]}</small>",
        ),
        ("Interruption risk", safe(_risk(offer, check.assessment.history))),
        ("Recovery", safe(_recovery(offer))),
        ("Provisioning", safe(_provisioning(offer))),
    ]
    if offer.stock is not None:
        pairs.append(("Stock", f"{offer.stock}<small>as the provider states it</small>"))
    return section("gpu", "GPU Configuration", rows(pairs))


def _scores(summary: DatasetSummary) -> str:
    found = []
    for name in _SCORES:
        score = summary.quality.get(name)
        if score is None:
            found.append(f"{name.title()}: not scored")
        else:
            mark, tone = ("✓", "good") if score >= REVIEW_QUALITY else ("⚠", "warn")
            found.append(
                f'{name.title()}: {shown_score(score)}/5 <span class="fc-{tone}">{mark}</span>'
            )
    return ", ".join(found)


def _count(shares: tuple[object, ...], noun: str) -> str:
    return f"{len(shares)} {noun}{'' if len(shares) == 1 else 's'}"


def _tip(label: str, explained: str) -> str:
    return (
        f'<span class="tip-home"><span class="tip" tabindex="0" role="note" '
        f'data-tip="{safe(explained)}" aria-label="{safe(label)}: {safe(explained)}">'
        f"{safe(label)}</span></span>"
    )


def _tier(offer: Offer, other: Priced | None) -> str:
    title = TITLES[offer.tier]
    if offer.tier is Tier.SPOT and other is not None:
        fixed = other.offer.hourly_rate
        if fixed > offer.hourly_rate > ZERO:
            return f"{title} - Save {percent(fixed - offer.hourly_rate, fixed)}%"
    return f"{title} - Guaranteed" if offer.tier is Tier.ON_DEMAND else title


def _risk(offer: Offer, history: History) -> str:
    if offer.tier is not Tier.SPOT:
        return "none: nothing is reclaimed by a provider"
    seen = history.interruptions()
    if seen is None:
        published = NO_SPOT_HISTORY.rate * 100
        return (
            f"no history yet: no spot job in {INTERRUPTION_DAYS} days; the estimate takes "
            f"{published:.0f}%, the middle of the published 10-30%"
        )
    return f"{seen.percent.normalize():f}% chance based on {INTERRUPTION_DAYS}-day history"


def _recovery(offer: Offer) -> str:
    if offer.is_local:
        return "Automatic from the last checkpoint"
    return f"Automatic checkpoint recovery <{RECOVERY_MINUTES} minutes"


def _provisioning(offer: Offer) -> str:
    if offer.is_local:
        return "at once, or when the run before it ends"
    if offer.stock is Stock.NONE:
        return "as soon as a GPU is free: there is none at present"
    minutes = "5-10" if offer.stock is Stock.LOW else PROVISIONING_MINUTES
    return f"{minutes} minutes to start"
