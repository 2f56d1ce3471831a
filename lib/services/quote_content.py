"""What a quote says: the configuration that is quoted, what stands beside it, and the words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Connection

from lib.domain.dataset import DatasetSummary, pairs_explained
from lib.domain.draft import Draft, with_auto_name
from lib.domain.offers import OF_THIS_INSTALLATION, RateSource, enough_memory
from lib.domain.people import Person
from lib.domain.presets import PARAMETER_HELP, PRESETS, memory_needed_gb
from lib.domain.quote import Cell, Choice, ComparedPreset, Comparison, Quote, Revision
from lib.services.assessment import Assessment, assess_within
from lib.services.comparison import offers_side_by_side, price_presets, with_preset
from lib.services.drafts import OpenDraft
from lib.services.errors import Refusal
from lib.services.estimates import Priced
from lib.settings import settings

RATE_SOURCES: Mapping[RateSource, str] = MappingProxyType(
    {
        RateSource.PUBLISHED: "published default rate",
        RateSource.PROVIDER: "the provider's rate today",
        RateSource.SETTING: "this installation's own rate",
    }
)
UNPRICED = "There is no estimate to quote yet: this machine is still being measured."


@dataclass(frozen=True)
class Row:
    """A configuration on every offer of the board; `key` is its preset, or `CONFIGURED`."""

    key: str
    draft: Draft
    prices: tuple[Priced, ...]


CONFIGURED = "configured"


@dataclass(frozen=True)
class Board:
    """A draft's assessment, and around it the presets on the offers one would choose between."""

    assessment: Assessment
    rows: tuple[Row, ...]

    @property
    def modified(self) -> bool:
        return changes(self.assessment.draft) != ()

    @property
    def own_row(self) -> str:
        """The key of the row that is the draft's own configuration."""
        return CONFIGURED if self.modified else self.assessment.draft.preset

    def entries(self) -> Iterator[tuple[Row, Priced]]:
        return ((row, priced) for row in self.rows for priced in row.prices)


def board(connection: Connection, opened: OpenDraft) -> Board:
    """Prices an open draft and what it is compared with; asks for no measurement."""
    draft, file = opened.draft, opened.file
    assessment = assess_within(connection, opened.owner_id, draft, file, ask=False)
    priced = (assessment.priced, *assessment.others)
    offers = offers_side_by_side([entry.offer for entry in priced], assessment.priced.offer)
    presets = price_presets(connection, draft, file, offers, assessment.past)
    rows = [Row(name, with_preset(draft, name), prices) for name, prices in presets.items()]
    if changes(draft):
        prices = tuple(entry for offer in offers if (entry := assessment.of(offer.key)))
        rows.insert(0, Row(CONFIGURED, draft, prices))
    return Board(assessment, tuple(rows))


def choice(board: Board, row: Row, priced: Priced) -> Choice:
    """A configuration on an offer as it can be agreed to. Raises Refusal while unpriced."""
    if priced.estimate is None:
        raise Refusal(UNPRICED)
    preset, offer = PRESETS[row.draft.preset], priced.offer
    needed = memory_needed_gb(preset, row.draft.hyperparameters)
    notes = [locked_note(board, row), enough_memory(offer, needed, preset.title)]
    notes += [None if offer.unavailable in OF_THIS_INSTALLATION else offer.unavailable]
    return Choice(
        preset_title=preset.title,
        offer_title=offer.title,
        rate_source=RATE_SOURCES[offer.source],
        parameters=tuple(
            (PARAMETER_HELP[name][0], shown_value(value))
            for name, value in row.draft.hyperparameters.to_dict().items()
        ),
        changes=changes(row.draft),
        notes=tuple(note for note in notes if note),
        estimate=priced.estimate,
    )


def own_choice(board: Board) -> Choice:
    """The draft itself. Raises Refusal where it has no estimate yet."""
    row = next(row for row in board.rows if row.key == board.own_row)
    return choice(board, row, board.assessment.priced)


def comparison(board: Board) -> Comparison:
    """The presets and tiers side by side; this machine where something was measured on it."""
    shown = [
        at
        for at, priced in enumerate(board.rows[0].prices)
        if not priced.offer.is_local or any(row.prices[at].estimate for row in board.rows)
    ]
    return Comparison(
        offers=tuple(
            (offer.title, offer.hourly_rate)
            for offer in (board.rows[0].prices[at].offer for at in shown)
        ),
        rows=tuple(
            ComparedPreset(
                title=_title(row),
                cells=tuple(_cell(board, row, row.prices[at]) for at in shown),
                note=locked_note(board, row) or "",
            )
            for row in board.rows
        ),
    )


def compose(
    actor: Person,
    opened: OpenDraft,
    chosen: tuple[Choice, ...],
    comparison: Comparison | None,
    line: tuple[Revision, ...],
) -> Quote:
    """The quote of what was chosen; its number is that of the last revision in the line."""
    draft, file = opened.draft, opened.file
    summary = DatasetSummary.from_dict(file.summary) if file.summary else None
    return Quote(
        revisions=line,
        issued_at=datetime.now(UTC),
        valid_until=line[-1].issued_on + timedelta(days=settings().quote_valid_days),
        company=settings().company_name,
        made_by=actor.name,
        made_by_email=actor.email,
        client=draft.client.strip(),
        project=draft.project.strip(),
        job_name=draft.name.strip() or with_auto_name(draft, line[-1].issued_on).name,
        description=draft.description,
        training_file=file.name,
        conversations=file.conversation_count,
        training_pairs=file.training_pairs,
        pairs_explained=pairs_explained(summary) if summary else "",
        choices=chosen,
        comparison=comparison,
    )


def changes(draft: Draft) -> tuple[str, ...]:
    """How a draft differs from its preset, in words."""
    plain = PRESETS[draft.preset].hyperparameters.to_dict()
    found = [
        f"{PARAMETER_HELP[name][0]} {shown_value(value)} instead of {shown_value(plain[name])}"
        for name, value in draft.hyperparameters.to_dict().items()
        if value != plain[name]
    ]
    if draft.max_steps is not None:
        found.append(f"ends after {draft.max_steps:,} steps")
    return tuple(found)


def locked_note(board: Board, row: Row) -> str | None:
    """Why the row's preset cannot be chosen by the draft's owner."""
    reason = board.assessment.aggressive_locked
    if reason is None or row.draft.preset != "aggressive":
        return None
    return f"Locked: {reason[:1].lower()}{reason[1:]}"


def shown_value(value: object) -> str:
    """A parameter as people read it."""
    if isinstance(value, list):
        return ", ".join(str(item).removesuffix("_proj") for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _title(row: Row) -> str:
    title = PRESETS[row.draft.preset].title
    return f"{title}, modified" if row.key == CONFIGURED else title


def _cell(board: Board, row: Row, priced: Priced) -> Cell:
    preset = PRESETS[row.draft.preset]
    needed = memory_needed_gb(preset, row.draft.hyperparameters)
    memory = enough_memory(priced.offer, needed, preset.title)
    quoted = row.key == board.own_row and priced.offer.key == board.assessment.priced.offer.key
    return Cell(
        priced.estimate,
        f"Does not fit: needs {needed} GB of GPU memory" if memory else "",
        quoted,
    )
