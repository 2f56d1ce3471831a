"""Configuration templates: what of a draft they keep, and the draft that begins from one (FR1.3.1).

A template outlives the presets and offers of the day it was made, so it is checked when it is read:
what no longer exists falls back, and a notice says so.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from typing import Any

from lib.domain.draft import Draft, change
from lib.domain.hyperparameters import JsonValue
from lib.domain.metadata import (
    DESCRIPTION_LIMIT,
    NAME_LENGTH,
    NOTES_LIMIT,
    TAGS_LIMIT,
    tag_problem,
)
from lib.domain.offers import SPOT_KEY
from lib.domain.presets import PRESETS, kept_overrides

CONFIGURATION = ("preset", "overrides", "offer_key")
#: What may be kept beside the configuration: the key of a choice, and the draft's fields it is.
DOCUMENTATION: Mapping[str, tuple[str, ...]] = {
    "tags": ("tags",),
    "client": ("client", "project"),
    "notes": ("notes",),
}


@dataclass(frozen=True)
class Kept:
    """A template's content as it can be used today. `preset` is None where it no longer exists."""

    preset: str | None
    overrides: Mapping[str, JsonValue]
    offer_key: str
    tags: tuple[str, ...] = ()
    client: str = ""
    project: str = ""
    notes: str = ""
    notices: tuple[str, ...] = ()


def content(draft: Draft, documentation: Collection[str]) -> dict[str, Any]:
    """What a template keeps of a draft, as JSON: its configuration, and the named documentation.

    File, name, deadline and number of steps belong to the one job and are left out.
    """
    fields = [*CONFIGURATION, *(name for key in documentation for name in DOCUMENTATION[key])]
    kept = draft.to_dict()
    return {name: kept[name] for name in fields}


def read(
    kept: Mapping[str, Any], offers: Collection[str], clients: Mapping[str, Sequence[str]]
) -> Kept:
    """A template's content, where `offers` (keys) and `clients` (with projects) exist today."""
    notices: list[str] = []
    preset, overrides = _configuration(kept, notices)
    offer_key = str(kept.get("offer_key", ""))
    if offer_key not in offers:
        notices.append("Its GPU offer is no longer there: the H100 on spot is taken instead.")
        offer_key = SPOT_KEY
    tags = [tag for tag in kept.get("tags", ()) if tag_problem(tag) is None]
    client, project = _client(kept, clients, notices)
    return Kept(
        preset=preset,
        overrides=overrides,
        offer_key=offer_key,
        tags=tuple(tags[:TAGS_LIMIT]),
        client=client,
        project=project,
        notes=str(kept.get("notes", ""))[:NOTES_LIMIT],
        notices=tuple(notices),
    )


def _configuration(
    kept: Mapping[str, Any], notices: list[str]
) -> tuple[str | None, Mapping[str, JsonValue]]:
    preset = str(kept.get("preset", ""))
    if preset not in PRESETS:
        notices.append(
            f"Its preset {preset!r:.40} no longer exists: the one suggested for the training file "
            "is taken instead, without changes to its parameters."
        )
        return None, {}
    try:
        return preset, kept_overrides(preset, kept.get("overrides", {}))
    except ValueError as error:
        notices.append(f"Its changes to the preset's parameters are no longer possible: {error}.")
        return preset, {}


def _client(
    kept: Mapping[str, Any], clients: Mapping[str, Sequence[str]], notices: list[str]
) -> tuple[str, str]:
    client, project = str(kept.get("client", "")), str(kept.get("project", ""))
    if client and client not in clients:
        notices.append(f"Its client {client} has been archived: the job is for nobody yet.")
        return "", ""
    if project and project not in clients.get(client, ()):
        notices.append(f"Its project {project} has been archived: the job has none yet.")
        return client, ""
    return client, project


def begin(kept: Kept, base: Draft, template_id: str, today: date) -> Draft:
    """A new file's draft `base`, configured and documented as the template says."""
    return replace(
        change(
            base,
            today,
            preset=kept.preset or base.preset,
            overrides=kept.overrides,
            offer_key=kept.offer_key,
            tags=kept.tags,
            client=kept.client,
            project=kept.project,
            notes=kept.notes,
        ),
        template_id=template_id,
    )


def is_modified(kept: Mapping[str, Any], draft: Draft) -> bool:
    """Whether the draft's configuration is another one than the template's."""
    now = draft.to_dict()
    return draft.max_steps is not None or any(kept.get(name) != now[name] for name in CONFIGURATION)


def check(name: str, description: str) -> None:
    """Raises ValueError naming the field that will not do."""
    least, most = NAME_LENGTH
    if not least <= len(name) <= most:
        raise ValueError(f"Template name must be between {least} and {most} characters")
    if len(description) > DESCRIPTION_LIMIT:
        raise ValueError(f"Template description must be at most {DESCRIPTION_LIMIT} characters")


def numbered(name: str) -> Iterator[str]:
    """The name with ` (2)`, ` (3)` and so on, from the next number of a name that has one; each
    within the limit of a job's name."""
    stem, bracket, tail = name.rpartition(" (")
    counted = bool(bracket and stem) and re.fullmatch(r"[0-9]{1,6}\)", tail) is not None
    first = int(tail[:-1]) + 1 if counted else 2
    for number in count(max(first, 2)):
        tail = f" ({number})"
        yield (stem if counted else name)[: NAME_LENGTH[1] - len(tail)].rstrip() + tail
