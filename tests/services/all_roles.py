"""An installation with somebody in every role, and things of theirs to try one's rights on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from lib.datafiles.sample import write_sample
from lib.db import connection as db
from lib.db import users
from lib.db.connection import transaction
from lib.db.tables import budget_requests, outbox, training_files
from lib.domain.draft import change
from lib.domain.offers import LOCAL_KEY
from lib.domain.people import Person
from lib.services import budgets, drafts, quotes, starting
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from lib.services.training_files import import_training_file
from lib.settings import settings
from tests.conftest import Server, enrich, make_person, measured
from tests.races.drafts_alike import copies_of

WHY = "The client's demonstration was moved to this week, and nobody else can train it by then."
WHOSE = ("own", "team's", "stranger's")
PLENTY = "100000.00"
numbers = count(1)


@dataclass
class Team:
    """Somebody in each role, and for each of them a team member and a stranger.

    `people["manager"]["team's"]` is a member of the manager's team. An analyst has no team: theirs
    is a colleague under the same manager.
    """

    folder: Path
    like: OpenDraft
    people: dict[str, dict[str, Person]] = field(default_factory=dict)

    @property
    def owner(self) -> Person:
        return self.people["owner"]["own"]

    def actor(self, role: str) -> Person:
        return self.people[role]["own"]

    def draft(self, owner: Person) -> UUID:
        return copies_of(self.like, 1, owner.id)[0]

    def started(self, owner: Person) -> UUID:
        job_id = self.draft(owner)
        starting.start(owner, job_id, assess(drafts.load(owner, job_id)).digest)
        return job_id

    def open(self, owner: Person) -> OpenDraft:
        return drafts.load(owner, self.draft(owner))

    def quoted(self, owner: Person) -> Any:
        return quotes.issue(owner, self.open(owner))

    def file(self, importer: Person) -> UUID:
        """A file of its own that no job uses."""
        with transaction() as connection:
            row = connection.execute(select(training_files)).first()
            assert row is not None
            number = next(numbers)
            values = {**row._asdict(), "content_hash": f"{number:064x}", "storage_key": "gone"}
            del values["id"]
            values["created_by"] = importer.id
            return connection.scalar(
                insert(training_files).values(values).returning(training_files.c.id)
            )

    def asked(self, asker: Person) -> UUID:
        """A request that waits; whichever waited before has been withdrawn."""
        request = budget_requests.c
        with transaction() as connection:
            connection.execute(
                update(budget_requests)
                .where(request.user_id == asker.id, request.status == "pending")
                .values(status="withdrawn", decided_at=datetime.now(UTC), decided_by=asker.id)
            )
            user = users.by_id(connection, asker.id)
            assert user is not None
            return connection.scalar(
                insert(budget_requests)
                .values(
                    user_id=asker.id,
                    approver_id=user.manager_id,
                    effective_month=budgets.this_month(),
                    current_limit=Decimal("500.00"),
                    new_limit=Decimal(PLENTY) + next(numbers),
                    justification=WHY,
                    expires_at=datetime.now(UTC) + timedelta(days=7),
                )
                .returning(request.id)
            )

    def failed_mail(self, recipient: Person) -> UUID:
        number = next(numbers)
        with transaction() as connection:
            return connection.scalar(
                insert(outbox)
                .values(
                    message_id=f"<{number}@localhost>",
                    kind="request",
                    recipient_id=recipient.id,
                    to_address=recipient.email,
                    subject="Budget",
                    body_text="Text",
                    body_html="<p>Text</p>",
                    failed_at=datetime.now(UTC),
                    error="No such user",
                )
                .returning(outbox.c.id)
            )


@contextmanager
def installation_of_all_roles(database: Server, folder: Path) -> Iterator[Team]:
    """For a module of tests: a database of its own, and this machine at a dollar an hour."""
    patch, name = pytest.MonkeyPatch(), f"roles_{next(numbers)}"
    database.execute(f"CREATE DATABASE {name} TEMPLATE pristine")
    url = database.url.set(database=name, drivername="postgresql")
    db.dispose()
    patch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    patch.setenv("LOCAL_HOURLY_RATE", "1.00")
    settings.cache_clear()
    try:
        yield _made(folder)
    finally:
        patch.undo()
        settings.cache_clear()
        db.dispose()
        database.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _made(folder: Path) -> Team:
    owner, admin = make_person("owner", PLENTY), make_person("admin", PLENTY)
    manager = make_person("manager", PLENTY, manager=owner)
    analyst = make_person("analyst", PLENTY, manager=manager)
    write_sample(folder / "like.json", conversations=60, seed=1)
    row = enrich(import_training_file(owner, folder / "like.json", "like.json")[0])
    opened = drafts.load(owner, drafts.create(owner, row.id))
    opened = drafts.save(owner, opened, change(opened.draft, drafts.today(), offer_key=LOCAL_KEY))
    measured(opened, hours=Decimal(1))
    found = Team(folder, opened)
    for actor in (analyst, manager, admin, owner):
        above = manager if actor is analyst else actor  # an analyst's team are their colleagues
        found.people[actor.role] = {
            "own": actor,
            "team's": make_person(limit=PLENTY, manager=above),
            "stranger's": make_person(limit=PLENTY),
        }
    return found
