"""Jobs side by side: sections of lines, one cell a job, and who is ahead in a line (FR1.3.1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from lib.domain import job_facts
from lib.domain.estimate import format_hours
from lib.domain.hyperparameters import PARAMETER_HELP
from lib.domain.job_facts import FREE, Facts
from lib.domain.money import usd
from lib.domain.offers import TIER_TITLES
from lib.domain.presets import PRESETS

LEAST, MOST = 2, 6  # jobs in a comparison
LETTERS = "ABCDEF"
NOTHING = "–"

Figure = Callable[[Facts], Decimal | None]


@dataclass(frozen=True)
class Cell:
    """What a job has in a line: as people read it, and the value that a spreadsheet gets."""

    text: str
    value: Any = None


@dataclass(frozen=True)
class Line:
    """One property of all jobs. `winners` are those ahead, several where they tie.

    `note` says why nobody is ahead, or what to mind when reading the figure.
    """

    label: str
    cells: tuple[Cell, ...]
    winners: frozenset[UUID] = frozenset()
    note: str = ""

    @property
    def differs(self) -> bool:
        return len({cell.text for cell in self.cells}) > 1

    @property
    def tied(self) -> bool:
        return len(self.winners) > 1


@dataclass(frozen=True)
class Section:
    title: str
    lines: tuple[Line, ...]

    @property
    def differing(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.differs)


def read_ids(text: str) -> tuple[list[UUID], list[str]]:
    """The jobs that an address names, and what is wrong with it in words for people.

    What is no id, comes twice or is one too many is left out; the rest stays in its order.
    """
    found: list[UUID] = []
    wrong: list[str] = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            job_id = UUID(part)
        except ValueError:
            wrong.append(f"“{part:.40}” is not the id of a job; it was left out.")
            continue
        if job_id in found:
            wrong.append(f"The job {job_id} is named twice; it is shown once.")
        else:
            found.append(job_id)
    if len(found) > MOST:
        left = "the last one was" if len(found) == MOST + 1 else f"{len(found) - MOST} were"
        wrong.append(f"At most {MOST} jobs are compared; {left} left out.")
    return found[:MOST], wrong


def documentation(jobs: Sequence[Facts]) -> Section:
    """What people wrote, whose job it is and when; moments in UTC."""
    return Section(
        "Job",
        (
            _line("Status", jobs, lambda job: job.status.replace("_", " ")),
            _line("Description", jobs, lambda job: job.description or None),
            _line("Tags", jobs, lambda job: ", ".join(job.tags) or None),
            _line("Client", jobs, lambda job: job.client or None),
            _line("Project", jobs, lambda job: job.project or None),
            _line("Creator", jobs, lambda job: job.creator),
            *(
                _line(label, jobs, _moment(name))
                for label, name in (
                    ("Created", "created_at"),
                    ("Started", "queued_at"),
                    ("Ended", "ended_at"),
                )
            ),
        ),
    )


def configuration(jobs: Sequence[Facts]) -> Section:
    """File, preset, machine and each hyperparameter."""
    lines = (
        _line("Training file", jobs, lambda job: job.file.name),
        _line("Conversations", jobs, lambda job: job.file.conversations),
        _line("Training pairs", jobs, lambda job: job.file.training_pairs),
        _line("Pairs trained on", jobs, lambda job: job.file.trainable_pairs),
        _line("Average quality", jobs, lambda job: job.file.quality),
        _line("Tokens an epoch", jobs, lambda job: job.file.tokens),
        _line("Preset", jobs, _preset),
        _line("Base model", jobs, lambda job: job.base_model or None),
        _line("GPU", jobs, lambda job: job.gpu or None),
        _line("Tier", jobs, lambda job: job.tier and TIER_TITLES[job.tier]),
        _line("Rate per hour", jobs, lambda job: job.rate, usd),
        *(_line(title, jobs, _parameter(name)) for name, (title, _help) in PARAMETER_HELP.items()),
        _line("Steps at most", jobs, lambda job: job.max_steps),
    )
    return Section("Configuration", lines)


def estimates(jobs: Sequence[Facts]) -> Section:
    """What each was estimated to take beside what it took; the shortest and cheapest are ahead."""
    unfair = _different_models(jobs) or _different_files(jobs)
    lines = (
        _line("Estimated time", jobs, _of_estimate("duration_hours"), format_hours),
        _race("Time taken", jobs, job_facts.time_taken, min, format_hours, unfair=unfair),
        _line("Time against estimate", jobs, job_facts.time_error, _signed),
        _line("Estimated cost", jobs, _of_estimate("total"), usd),
        _line("Estimated range", jobs, _range),
        _race("Cost", jobs, job_facts.cost, min, usd, unfair=unfair),
        _line("Cost against estimate", jobs, job_facts.cost_error, _signed),
        _line("Inside the range", jobs, job_facts.inside_range, lambda yes: "yes" if yes else "no"),
        _line("Recoveries", jobs, lambda job: job.recoveries if job.queued_at else None),
        _line("Confidence then", jobs, lambda job: job.confidence, _percent),
        _line("Algorithm version then", jobs, lambda job: job.algorithm_version),
    )
    return Section("Estimate and actual", lines)


def results(jobs: Sequence[Facts]) -> Section:
    """What came out, and who is ahead."""
    models = _different_models(jobs)
    unfair = models or _different_files(jobs)
    note = models and f"{models}: a token is not the same work"
    lines = (
        _race("Final loss", jobs, job_facts.final_loss, min, _loss, unfair=unfair),
        _race("Best loss", jobs, job_facts.best_loss, min, _loss, unfair=unfair),
        _race("Tokens per dollar", jobs, job_facts.tokens_per_dollar, max, _or_free, note=note),
        _race("Tokens per second", jobs, job_facts.tokens_per_second, max, _count, note=note),
        _race("Cost per epoch", jobs, job_facts.cost_per_epoch, min, usd, unfair=unfair),
        _line("Epochs trained", jobs, lambda job: job.training.epochs),
        _line("Steps trained", jobs, lambda job: job.training.steps),
        _line("Tokens trained on", jobs, lambda job: job.training.tokens),
    )
    return Section("Results", lines)


def ahead(jobs: Sequence[Facts], figure: Figure, better: Callable[..., Decimal]) -> frozenset[UUID]:
    """Who has the best figure among completed jobs that have one; nobody without a rival."""
    racing = {job.id: value for job in jobs if job.competes and (value := figure(job)) is not None}
    if len(racing) < LEAST:
        return frozenset()
    best = better(racing.values())
    return frozenset(job_id for job_id, value in racing.items() if value == best)


def _race(
    label: str,
    jobs: Sequence[Facts],
    figure: Figure,
    better: Callable[..., Decimal],
    shown: Callable[[Decimal], str],
    *,
    unfair: str = "",
    note: str = "",
) -> Line:
    """A line in which jobs compete, or that says why it would not be fair."""
    cells = _line(label, jobs, figure, shown).cells
    if unfair:
        return Line(label, cells, note=f"{unfair}: not comparable")
    winners = ahead(jobs, figure, better)
    return Line(label, cells, winners, note if winners else "")


def _line(
    label: str,
    jobs: Sequence[Facts],
    value: Callable[[Facts], Any],
    shown: Callable[[Any], str] | None = None,
) -> Line:
    return Line(label, tuple(_cell(value(job), shown or _shown) for job in jobs))


def _cell(value: Any, shown: Callable[[Any], str]) -> Cell:
    if value is None:
        return Cell(NOTHING)
    text = shown(value)
    a_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return Cell(text, value if a_number and value != FREE else text)


def _different_models(jobs: Sequence[Facts]) -> str:
    """Why what a completed job took and reached means another thing than with the next."""
    models = {job.base_model for job in jobs if job.competes}
    if len(models) > 1:
        return "Different base models"
    return "Base models not known" if models == {""} else ""


def _different_files(jobs: Sequence[Facts]) -> str:
    """The same of their files: another epoch, another whole, another thing to learn."""
    different = len({job.file.digest for job in jobs if job.competes}) > 1
    return "Different training files" if different else ""


def _preset(job: Facts) -> str | None:
    if not job.preset:
        return None
    title = PRESETS[job.preset].title if job.preset in PRESETS else job.preset.title()
    return f"{title} (modified)" if job.overrides else title


def _of_estimate(name: str) -> Figure:
    return lambda job: getattr(job.estimate, name, None)


def _range(job: Facts) -> str | None:
    if job.estimate is None:
        return None
    return f"{usd(job.estimate.cost_min)} to {usd(job.estimate.cost_max)}"


def _parameter(name: str) -> Callable[[Facts], Any]:
    return lambda job: job.hyperparameters.get(name)


def _moment(name: str) -> Callable[[Facts], Any]:
    return lambda job: (moment := getattr(job, name)) and f"{moment:%Y-%m-%d %H:%M} UTC"


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(item).removesuffix("_proj") for item in value)
    if isinstance(value, float | Decimal):
        return f"{Decimal(str(value)).normalize():f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _signed(amount: Decimal) -> str:
    return f"{amount:+} %"


def _percent(amount: Decimal) -> str:
    return f"{amount.normalize():f} %"


def _loss(amount: Decimal) -> str:
    return f"{amount:.4f}"


def _count(amount: Decimal) -> str:
    return f"{amount:,}"


def _or_free(amount: Decimal) -> str:
    return "free" if amount == FREE else _count(amount)
