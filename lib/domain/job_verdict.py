"""A comparison in one or two sentences, made of its figures and nothing else (FR1.3.1)."""

from collections.abc import Sequence
from uuid import UUID

from lib.domain import job_facts
from lib.domain.job_comparison import LEAST, LETTERS, Line, estimates, results
from lib.domain.job_facts import Facts
from lib.domain.money import usd

_LONGEST_NAME = 48


def verdict(jobs: Sequence[Facts]) -> str:
    """Who is ahead in what; then what is not comparable, or what the lower loss cost more."""
    if sum(job.competes for job in jobs) < LEAST:
        return "Fewer than two of these jobs have completed, so nobody is ahead yet."
    lines = {line.label: line for line in (*results(jobs).lines, *estimates(jobs).lines)}
    names = _names(jobs)
    return " ".join(filter(None, (_ahead(lines, names), _second(jobs, lines, names))))


def _ahead(lines: dict[str, Line], names: dict[UUID, str]) -> str:
    decided = [line for line in lines.values() if line.winners]
    led: dict[UUID, list[str]] = {}
    for line in decided:
        if not line.tied:
            led.setdefault(next(iter(line.winners)), []).append(_in_a_sentence(line.label))
    if not led:
        level = "are level in all" if decided else "cannot be told apart by any"
        return f"The completed jobs {level} that is compared."
    if len(led) == 1:
        (job_id, labels) = next(iter(led.items()))
        compared = all(line.winners or not line.note for line in lines.values())
        unbeaten = len(decided) > 1 and all(job_id in line.winners for line in decided)
        rest = " and behind in nothing" if compared and unbeaten else ""
        return f"{names[job_id]} is ahead in {_listed(labels)}{rest}."
    most_first = sorted(led.items(), key=lambda each: (-len(each[1]), names[each[0]]))
    (first, labels), *others = most_first
    parts = [f"{names[first]} is ahead in {_listed(labels)}"]
    parts += [f"{names[job_id]} in {_listed(labels)}" for job_id, labels in others]
    return f"{'; '.join(parts)}."


def _second(jobs: Sequence[Facts], lines: dict[str, Line], names: dict[UUID, str]) -> str:
    loss, cost = lines["Final loss"], lines["Cost"]
    if loss.note:
        return f"Losses, time and cost are not compared: {loss.note.split(':')[0].lower()}."
    if len(loss.winners) != 1 or len(cost.winners) != 1 or loss.winners == cost.winners:
        return ""
    by_id = {job.id: job for job in jobs}
    better, cheaper = by_id[next(iter(loss.winners))], by_id[next(iter(cost.winners))]
    lower, higher = job_facts.final_loss(better), job_facts.final_loss(cheaper)
    spent, saved = job_facts.cost(better), job_facts.cost(cheaper)
    if lower is None or higher is None or spent is None or saved is None:
        return ""
    return (
        f"The lower final loss of {names[better.id]}, {lower:.4f} against {higher:.4f}, cost "
        f"{usd(spent - saved)} more than {names[cheaper.id]}."
    )


def _names(jobs: Sequence[Facts]) -> dict[UUID, str]:
    """Each job's name as a sentence has it; with its letter where two are called the same."""
    short = [
        job.name if len(job.name) <= _LONGEST_NAME else f"{job.name[: _LONGEST_NAME - 1]}…"
        for job in jobs
    ]
    return {
        job.id: f"“{name}”" + (f" ({letter})" if short.count(name) > 1 else "")
        for job, name, letter in zip(jobs, short, LETTERS, strict=False)
    }


def _listed(labels: Sequence[str]) -> str:
    *first, last = labels
    return f"{', '.join(first)} and {last}" if first else last


def _in_a_sentence(label: str) -> str:
    return label[:1].lower() + label[1:]
