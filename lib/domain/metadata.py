"""What people write about a job: limits, tag rules, and what an edit changed (FR1.3.1)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

NAME_LENGTH = (3, 100)
DESCRIPTION_LIMIT = 500
NOTES_LIMIT = 2000
TAG_LENGTH = (3, 30)
TAGS_LIMIT = 10
PREDEFINED_TAGS = (
    "experiment",
    "production",
    "client-delivery",
    "test",
    "poc",
    "research",
    "optimization",
    "validation",
    "baseline",
    "iteration-1",
    "iteration-2",
    "high-priority",
    "low-priority",
    "approved",
    "needs-review",
)
FIELDS = ("name", "description", "notes", "tags", "client", "project")

_TAG = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True)
class Metadata:
    """A job's documentation. `project` is of `client`; both are names, empty for none."""

    name: str
    description: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    client: str = ""
    project: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FIELDS}


def problems(metadata: Metadata) -> dict[str, str]:
    """What is wrong with it, by field, in FR1.3.1's words where it gives some."""
    found = {}
    least, most = NAME_LENGTH
    if not least <= len(metadata.name.strip()) <= most:
        found["name"] = f"Job name must be between {least} and {most} characters"
    if len(metadata.description) > DESCRIPTION_LIMIT:
        found["description"] = f"Description must be at most {DESCRIPTION_LIMIT} characters"
    if len(metadata.notes) > NOTES_LIMIT:
        found["notes"] = f"Notes must be at most {NOTES_LIMIT} characters"
    if problem := tags_problem(metadata.tags):
        found["tags"] = problem
    for name in ("client", "project"):
        if len(getattr(metadata, name)) > NAME_LENGTH[1]:
            found[name] = f"{name.title()} must be at most {NAME_LENGTH[1]} characters"
    if metadata.project.strip() and not metadata.client.strip():
        found["project"] = "Project must belong to a client: choose the client too"
    return found


def without_faults(metadata: Metadata) -> Metadata:
    """What of a draft's documentation can be kept in its columns already; the draft has it all."""
    dropped: dict[str, Any] = {"tags": (), "client": "", "project": ""}
    wrong = problems(metadata)
    if "client" in wrong:
        wrong["project"] = wrong["client"]
    return replace(metadata, **{name: empty for name, empty in dropped.items() if name in wrong})


def tag_problem(tag: str) -> str | None:
    """Why this cannot be a tag; None where it can."""
    least, most = TAG_LENGTH
    if not least <= len(tag) <= most:
        return f"Tag names must be between {least} and {most} characters"
    if not _TAG.fullmatch(tag):
        return "Tag names may have lowercase letters, digits and hyphens only"
    return None


def tags_problem(tags: Iterable[str]) -> str | None:
    """Why these cannot be a job's tags; None where they can."""
    listed = list(tags)
    if len(listed) > TAGS_LIMIT:
        return f"Maximum {TAGS_LIMIT} tags allowed"
    return next((f"{tag}: {why}" for tag in listed if (why := tag_problem(tag))), None)


def changes(before: Metadata, after: Metadata) -> Mapping[str, tuple[Any, Any]]:
    """The fields that differ, as (before, after), for the history of edits."""
    return {
        name: (old, new)
        for name in FIELDS
        if (old := getattr(before, name)) != (new := getattr(after, name))
    }
