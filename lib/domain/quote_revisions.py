"""What changed from one quote of a job to the next, told from what was stored with each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from lib.domain.money import usd
from lib.domain.quote import Choice, Revision, amounts

_FIRST = ("first quote for this job",)
_UNRECORDED = ("the configuration before was not recorded",)
_HISTORY = ("the past runs behind the estimate",)


@dataclass(frozen=True)
class Content:
    """What a quote was about. `file_hash` is the SHA-256 of the training file."""

    training_file: str
    file_hash: str
    choices: tuple[Choice, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "training_file": self.training_file,
            "file_hash": self.file_hash,
            "choices": [choice.to_dict() for choice in self.choices],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Content":
        return cls(
            training_file=data["training_file"],
            file_hash=data["file_hash"],
            choices=tuple(Choice.from_dict(choice) for choice in data["choices"]),
        )


@dataclass(frozen=True)
class Issued:
    """A quote in the line of those for one job; early ones were stored without their content."""

    number: str
    issued_on: date
    content: Content | None
    total: str


def revisions(line: Sequence[Issued]) -> tuple[Revision, ...]:
    """A job's quotes, oldest first, each with what it changed."""
    first = Revision(line[0].number, line[0].issued_on, line[0].total, _FIRST)
    later = (
        Revision(now.number, now.issued_on, now.total, changes(before, now))
        for before, now in pairwise(line)
    )
    return first, *later


def changes(before: Issued, now: Issued) -> tuple[str, ...]:
    """What a later quote says otherwise, in the order in which a price comes about."""
    if before.content is None or now.content is None:
        return _UNRECORDED
    old, new = before.content, now.content
    found = []
    if (old.training_file, old.file_hash) != (new.training_file, new.file_hash):
        found.append(f"training file {new.training_file} instead of {old.training_file}")
    if len(old.choices) == len(new.choices) == 1:
        found += _choice_changes(old.choices[0], new.choices[0])
    else:
        found += _alternatives_changes(old.choices, new.choices)
    if not found and amounts(old.choices) != amounts(new.choices):
        return _HISTORY
    return tuple(found) or ("issued again, unchanged",)


def _choice_changes(old: Choice, new: Choice) -> list[str]:
    found = []
    values = dict(old.parameters)
    named = [label for label, _ in new.parameters]
    if old.preset_title != new.preset_title:
        found.append(f"{new.preset_title} preset instead of {old.preset_title}")
        named = ["Epochs"]  # the rest follows from the preset, and does not change the price
    found += [
        f"{label} {value} instead of {values.get(label, 'none')}"
        for label, value in new.parameters
        if label in named and values.get(label) != value
    ]
    if old.offer_title != new.offer_title:
        found.append(f"{new.offer_title} instead of {old.offer_title}")
    elif old.estimate.hourly_rate != new.estimate.hourly_rate:
        rates = (usd(new.estimate.hourly_rate), usd(old.estimate.hourly_rate))
        found.append(f"rate {rates[0]}/hr instead of {rates[1]}/hr")
    if old.estimate.basis != new.estimate.basis:
        found.append(f"estimated by {new.estimate.basis} instead of {old.estimate.basis}")
    return found


def _alternatives_changes(old: Sequence[Choice], new: Sequence[Choice]) -> list[str]:
    if len(old) == 1:
        return [f"{len(new)} alternatives instead of one configuration"]
    if len(new) == 1:
        return [f"{new[0].title}, out of {len(old)} alternatives"]
    before, now = ({choice.title: choice for choice in choices} for choices in (old, new))
    found = [f"with {title}" for title in now if title not in before]
    found += [f"without {title}" for title in before if title not in now]
    found += [
        f"{title}: {', '.join(differences)}"
        for title in now
        if title in before and (differences := _choice_changes(before[title], now[title]))
    ]
    return found
