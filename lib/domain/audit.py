"""The audit log: what is recorded, and the chain of hashes that shows tampering (FR1.2.2).

A row's hash is the SHA-256 of a canonical text of the hash before it and of all its own columns.
The database makes the chain (migration 0005); what is here recomputes it without the database's
code, so that a fault there is found as well.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

GENESIS = "0" * 64  # what the first row is chained to


class ActionType(StrEnum):
    """Everything about budgets that is recorded; the database knows exactly these."""

    LIMIT_SET = "limit_set"
    LIMIT_INCREASED = "limit_increased"
    INCREASE_REQUESTED = "increase_requested"
    INCREASE_WITHDRAWN = "increase_withdrawn"
    INCREASE_DENIED = "increase_denied"
    INCREASE_EXPIRED = "increase_expired"
    INCREASE_ESCALATED = "increase_escalated"
    VALIDATION_BLOCKED = "validation_blocked"
    WARNING_TRIGGERED = "warning_triggered"
    OVERRIDE_APPROVED = "override_approved"
    STARTED = "started"
    STARTED_IN_GRACE = "started_in_grace"
    STARTED_BY_OVERRIDE = "started_by_override"
    SETTLED = "settled"
    BILLED = "billed"  # the cost was corrected to what the provider billed
    METERED_LATE = "metered_late"  # it was raised: a run that had been given up was found

    @property
    def words(self) -> str:
        """`Started in grace`."""
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Filter:
    """Which entries are wanted; every field narrows them. `person_id`: who acted, or for whom."""

    action: ActionType | None = None
    person_id: UUID | None = None
    job_id: UUID | None = None
    since: datetime | None = None
    before: datetime | None = None  # exclusive
    text: str = ""  # in the justification, or in the reason of a decision
    oldest_first: bool = False


@dataclass(frozen=True)
class Entry:
    """A stored row as texts. `fields` are all columns but the hashes, `fields[0]` is the id."""

    id: int
    fields: tuple[str | None, ...]
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class Break:
    """Where a chain breaks first: the row, the one before it, and what is wrong."""

    entry: Entry
    before: Entry | None
    own_hash: bool  # the row's text does not give its hash; else it is chained to another row


def entry_hash(previous_hash: str, fields: Sequence[str | None]) -> str:
    """The hash of a row, in hexadecimal.

    Each text has its length before it, and none stands for itself, so that no two rows read alike.
    """
    texts = (previous_hash, *fields)
    canonical = ",".join("-" if text is None else f"{len(text)}:{text}" for text in texts)
    return sha256(canonical.encode()).hexdigest()


def first_break(entries: Iterable[Entry], seen: Callable[[Entry], None]) -> Break | None:
    """Follows the chain in the order of ids; `seen` is told of every row that is in order."""
    before: Entry | None = None
    for entry in entries:
        if entry_hash(entry.previous_hash, entry.fields) != entry.hash:
            return Break(entry, before, own_hash=True)
        if entry.previous_hash != (before.hash if before else GENESIS):
            return Break(entry, before, own_hash=False)
        seen(entry)
        before = entry
    return None


def original_id(entry: Entry, most: int) -> int | None:
    """The id under which the row was written, if nothing but its id was changed."""
    rest = entry.fields[1:]
    for number in range(1, most + 1):
        if entry_hash(entry.previous_hash, (str(number), *rest)) == entry.hash:
            return number
    return None


def explain(broken: Break, *, written_as: int | None, chained_to: int | None) -> str:
    """What is wrong with the first broken row, in words.

    `written_as` is the row's `original_id`. `chained_to` is the id of the row whose hash it names
    as the one before it: 0 for the beginning, None where no row has that hash.
    """
    row, before = broken.entry.id, broken.before.id if broken.before else 0
    if broken.own_hash and written_as is not None:
        return f"reordered: row {row} was written as row {written_as}"
    if broken.own_hash:
        return f"changed: row {row} does not say what was written, or was put in by hand"
    if chained_to is None and 0 < before == row - 1:
        return f"changed: row {before} is not the row {before} that row {row} was chained to"
    if chained_to is None:
        between = "before it" if before == 0 else f"between rows {before} and {row}"
        return f"removed: row {row} follows a row that is gone, {between}"
    if chained_to < before:
        return (
            f"inserted: row {row} follows row {chained_to}; what is between them was put in later"
        )
    return f"reordered: row {row} was written after row {chained_to}"
