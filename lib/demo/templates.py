"""The configuration templates of the demo, and which past jobs began from one (FR1.3.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection

from lib.db.tables import job_templates
from lib.demo.bulk import copy_rows
from lib.demo.past_job import PastJob
from lib.demo.team import Team
from lib.domain.draft import Draft
from lib.domain.offers import LOCAL_KEY, ON_DEMAND_KEY, SPOT_KEY
from lib.domain.template import content


@dataclass(frozen=True)
class Template:
    """One that somebody saved before the first job. `draft` needs no file to be kept."""

    name: str
    description: str
    by: str
    draft: Draft
    shared: bool = True
    id: UUID = field(default_factory=uuid4)


def _draft(preset: str, offer_key: str, **kept: Any) -> Draft:
    return Draft("", "", preset=preset, offer_key=offer_key, **kept)


def templates() -> tuple[Template, ...]:
    """With new ids each time."""
    return (
        Template(
            "Rehearsal before a rented run",
            "Runs here, costs nothing and shows whether the file trains at all.",
            "beatriz@example.com",
            _draft("conservative", LOCAL_KEY, tags=("test", "baseline")),
        ),
        Template(
            "Client delivery, balanced",
            "What the reviewers have accepted most often. Take it unless the file is tiny.",
            "ivan@example.com",
            _draft("balanced", SPOT_KEY, tags=("production", "client-delivery")),
        ),
        Template(
            "Delivery with a date",
            "On demand: nothing can interrupt it, at more than three times the rate.",
            "ivan@example.com",
            _draft("balanced", ON_DEMAND_KEY, tags=("high-priority",)),
        ),
        Template(
            "Alder & Finch, one epoch",
            "",
            "liam@example.com",
            _draft(
                "conservative",
                SPOT_KEY,
                overrides={"num_train_epochs": 1},
                client="Alder & Finch",
                project="Letters that calm",
            ),
            shared=False,
        ),
    )


def add_templates(connection: Connection, team: Team, since: datetime) -> tuple[Template, ...]:
    made = templates()
    copy_rows(
        connection,
        job_templates,
        (
            {
                "id": one.id,
                "name": one.name,
                "description": one.description,
                "shared": one.shared,
                "draft": content(one.draft, ("tags", "client")),
                "created_by": team.people[one.by].id,
                "created_at": since,
                "updated_at": since,
            }
            for one in made
        ),
    )
    return made


def based(job: PastJob, made: Sequence[Template]) -> Mapping[str, Any]:
    """The columns that say from which template the job began: every third that could have, and
    some whose GPU was changed afterwards."""
    for one in made:
        same_gpu = one.draft.offer_key == job.draft.offer_key
        if (
            one.shared
            and one.draft.preset == job.draft.preset
            and job.id.int % (3 if same_gpu else 17) == 0
        ):
            draft = replace(job.draft, template_id=str(one.id))
            return {"template_id": one.id, "draft": draft.to_dict()}
    return {"template_id": None}
