"""The draft: everything the wizard decides about a job, as one frozen value.

Widgets never hold state of their own: a change makes a new `Draft`, which is saved to its
`training_jobs` row and from which every figure is computed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lib.domain.hyperparameters import Hyperparameters, JsonValue
from lib.domain.metadata import NAME_LENGTH, Metadata, tags_problem
from lib.domain.metadata import problems as metadata_problems
from lib.domain.offers import SPOT_KEY
from lib.domain.presets import default_preset, hyperparameters, kept_overrides
from lib.domain.spending_cap import check_cap


@dataclass(frozen=True)
class Draft:
    """A job being configured. All fields are JSON-serialisable through `to_dict`."""

    training_file_id: str
    training_file_name: str
    preset: str = "balanced"
    overrides: Mapping[str, JsonValue] = field(default_factory=dict)
    offer_key: str = SPOT_KEY
    deadline: datetime | None = None
    name: str = ""
    name_edited: bool = False
    description: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    client: str = ""
    project: str = ""
    template_id: str | None = None
    max_steps: int | None = None
    spending_cap: Decimal | None = None  # None: the default of lib/domain/spending_cap.py
    continues: str | None = None  # the job whose checkpoint it goes on from

    @property
    def hyperparameters(self) -> Hyperparameters:
        return hyperparameters(self.preset, self.overrides)

    @property
    def metadata(self) -> Metadata:
        return Metadata(
            name=self.name.strip(),
            description=self.description,
            notes=self.notes,
            tags=self.tags,
            client=self.client.strip(),
            project=self.project.strip(),
        )

    @property
    def digest(self) -> str:
        """Names what is priced and trained: two drafts with one digest cost and do the same."""
        priced = {
            "file": self.training_file_id,
            "hyperparameters": self.hyperparameters.to_dict(),
            "preset": self.preset,
            "offer": self.offer_key,
            "max_steps": self.max_steps,
            "spending_cap": self.spending_cap and str(self.spending_cap),
            "continues": self.continues,
        }
        return hashlib.sha256(json.dumps(priced, sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "overrides": dict(self.overrides),
            "tags": list(self.tags),
            "deadline": self.deadline and self.deadline.isoformat(),
            "spending_cap": self.spending_cap and str(self.spending_cap),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Draft":
        """Reads what `to_dict` wrote; fields of a later version are ignored."""
        known = {name: value for name, value in data.items() if name in cls.__dataclass_fields__}
        if known.get("deadline"):
            known["deadline"] = datetime.fromisoformat(known["deadline"])
        if known.get("spending_cap"):
            known["spending_cap"] = Decimal(known["spending_cap"])
        known["tags"] = tuple(known.get("tags") or ())
        return cls(**known)


def new_draft(file_id: str, file_name: str, conversations: int | None, today: date) -> Draft:
    """A draft with the defaults that the file's size suggests (FR1.1.1)."""
    return with_auto_name(
        Draft(
            training_file_id=file_id,
            training_file_name=file_name,
            preset=default_preset(conversations),
        ),
        today,
    )


def with_auto_name(draft: Draft, today: date) -> Draft:
    """`{file} - {preset} - {YYYY-MM-DD}` (FR1.3.1), until the user has typed a name.

    A long file name is shortened, never the preset or the date.
    """
    if draft.name_edited:
        return draft
    tail = f" - {draft.preset.title()} - {today.isoformat()}"
    return replace(draft, name=_named_after(draft.training_file_name, tail))


def first_name(file_name: str, today: date) -> str:
    """`{file} - {YYYY-MM-DD}`, as a new job is called before anything is configured (FR1.1.1)."""
    return _named_after(file_name, f" - {today.isoformat()}")


def _named_after(file_name: str, tail: str) -> str:
    stem = file_name.rsplit(".", 1)[0] or file_name
    return stem[: NAME_LENGTH[1] - len(tail)].rstrip() + tail


def change(draft: Draft, today: date, **changes: Any) -> Draft:
    """The draft after one change of the user's. Raises ValueError naming a bad field.

    Overrides that are the preset's own values are none, whoever gave them. Choosing another preset
    starts from that preset's own parameters: overrides are dropped; another client has no project
    yet. NUL characters are too, since
    nobody typed them and no database keeps them.
    """
    changes = {
        name: value.replace("\x00", "") if isinstance(value, str) else value
        for name, value in changes.items()
    }
    if "preset" in changes and changes["preset"] != draft.preset:
        changes.setdefault("overrides", {})
    if "tags" in changes:
        changes["tags"] = tuple(dict.fromkeys(changes["tags"]))
        if problem := tags_problem(changes["tags"]):
            raise ValueError(problem)
    if changes.get("spending_cap") is not None:
        check_cap(changes["spending_cap"])
    if "client" in changes and changes["client"] != draft.client:
        changes.setdefault("project", "")  # it belonged to the other client
    if "name" in changes:
        changes["name_edited"] = bool(changes["name"].strip())
    changed = replace(draft, **changes)
    changed = replace(changed, overrides=kept_overrides(changed.preset, changed.overrides))
    return with_auto_name(changed, today)


def problems(draft: Draft) -> dict[str, str]:
    """What keeps the draft from being started, by field."""
    return metadata_problems(draft.metadata)
