"""Who may do what, as one table: every service function that acts for somebody, in every role.

A function that is not in the table, or a row whose function is gone, makes the first test fail.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import count
from pathlib import Path
from pkgutil import iter_modules
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from lib import services
from lib.datafiles.sample import write_sample
from lib.db import connection as db
from lib.db import users
from lib.db.connection import reading, transaction
from lib.db.tables import budget_requests, outbox, training_files, training_jobs
from lib.domain.audit import Filter
from lib.domain.draft import change
from lib.domain.offers import LOCAL_KEY
from lib.domain.people import Person, Role
from lib.domain.requests import Action
from lib.services import (
    accounts,
    audit,
    budgets,
    calibration,
    drafts,
    file_care,
    jobs,
    mail,
    notices,
    offers,
    people,
    quotes,
    request_views,
    requests,
    spending,
    training_files as files,
)
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from lib.services.errors import NotAllowed, NotFound, Refusal
from lib.settings import settings
from tests.conftest import Server, enrich, make_person, measured
from tests.races.drafts_alike import copies_of

WHY = "The client's demonstration was moved to this week, and nobody else can train it by then."
_numbers = count(1)


@dataclass
class Team:
    """Four people, one in each role, and for each a team member and a stranger."""

    folder: Path
    like: OpenDraft
    people: dict[str, dict[str, Person]] = field(default_factory=dict)

    def draft(self, owner: Person) -> UUID:
        return copies_of(self.like, 1, owner.id)[0]

    def started(self, owner: Person) -> UUID:
        job_id = self.draft(owner)
        jobs.start(owner, job_id, assess(drafts.load(owner, job_id)).digest)
        return job_id

    def file(self, importer: Person) -> UUID:
        """A file of its own that no job uses."""
        with transaction() as connection:
            row = connection.execute(select(training_files)).first()
            assert row is not None
            number = next(_numbers)
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
                    new_limit=Decimal("100000.00") + next(_numbers),
                    justification=WHY,
                    expires_at=datetime.now(UTC) + timedelta(days=7),
                )
                .returning(request.id)
            )

    def failed_mail(self, recipient: Person) -> UUID:
        number = next(_numbers)
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


@pytest.fixture(scope="module")
def team(database: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """An installation of this module's own."""
    patch, name = pytest.MonkeyPatch(), "roles"
    database.execute(f"CREATE DATABASE {name} TEMPLATE pristine")
    url = database.url.set(database=name, drivername="postgresql")
    db.dispose()
    patch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    patch.setenv("LOCAL_HOURLY_RATE", "1.00")
    settings.cache_clear()
    try:
        yield made(tmp_path_factory.mktemp("roles"))
    finally:
        patch.undo()
        settings.cache_clear()
        db.dispose()
        database.execute(f"DROP DATABASE {name} WITH (FORCE)")


def made(folder: Path) -> Team:
    owner, admin = make_person("owner", "100000.00"), make_person("admin", "100000.00")
    manager = make_person("manager", "100000.00", manager=owner)
    analyst = make_person("analyst", "100000.00", manager=manager)
    write_sample(folder / "like.json", conversations=60, seed=1)
    row = enrich(files.import_training_file(owner, folder / "like.json", "like.json")[0])
    opened = drafts.load(owner, drafts.create(owner, row.id))
    opened = drafts.save(owner, opened, change(opened.draft, drafts.today(), offer_key=LOCAL_KEY))
    measured(opened, hours=Decimal(1))
    found = Team(folder, opened)
    for actor in (analyst, manager, admin, owner):
        above = manager if actor is analyst else actor  # an analyst's team are their colleagues
        found.people[actor.role] = {
            "own": actor,
            "team's": make_person(limit="100000.00", manager=above),
            "stranger's": make_person(limit="100000.00"),
        }
    return found


# What is tried: each does one thing of `subject`, and says False where it is kept out of sight. ----


def start(team: Team, actor: Person, subject: Person) -> None:
    job_id = team.draft(subject)
    jobs.start(actor, job_id, assess(drafts.load(subject, job_id)).digest)


def override(team: Team, actor: Person, subject: Person) -> None:
    job_id = team.draft(subject)
    jobs.start(actor, job_id, assess(drafts.load(subject, job_id)).digest, override=WHY)


def save(team: Team, actor: Person, subject: Person) -> None:
    opened = drafts.load(subject, team.draft(subject))
    drafts.save(actor, opened, change(opened.draft, drafts.today(), notes="Changed"))


def create(team: Team, actor: Person, subject: Person) -> None:
    drafts.create(actor, drafts.load(subject, team.draft(subject)).file.id)


def restore(team: Team, actor: Person, subject: Person) -> None:
    file_id = team.file(subject)
    file_care.archive(subject, file_id)
    file_care.restore(actor, file_id)


def issue(team: Team, actor: Person, subject: Person) -> None:
    quotes.issue(actor, drafts.load(actor, team.draft(subject)))


def issue_alternatives(team: Team, actor: Person, subject: Person) -> None:
    opened = drafts.load(actor, team.draft(subject))
    keys = [one.key for one in quotes.alternatives(opened)][:2]
    quotes.issue_alternatives(actor, opened, keys)


def quote(subject: Person, team: Team) -> Any:
    return quotes.issue(subject, drafts.load(subject, team.draft(subject)))


def adopt(_team: Team, actor: Person, _subject: Person) -> None:
    with suppress(NotAllowed):
        calibration.withdraw_cards(_team.people["owner"]["own"]) if cards() else None
    calibration.adopt_cards(actor)


def withdraw_cards(team: Team, actor: Person, _subject: Person) -> None:
    if not cards():
        calibration.adopt_cards(team.people["owner"]["own"])
    calibration.withdraw_cards(actor)


def cards() -> bool:
    with reading() as connection:
        from lib.db import calibrations

        return bool(calibrations.cards(connection))


def add_user(_team: Team, actor: Person, _subject: Person) -> None:
    accounts.add_user(
        actor,
        name="New",
        email=f"new-{next(_numbers)}@example.com",
        password="four unrelated words here",
        role=Role.ANALYST,
    )


def import_file(team: Team, actor: Person, _subject: Person) -> None:
    number = next(_numbers)
    path = team.folder / f"{number}.json"
    write_sample(path, conversations=50, seed=1000 + number)
    files.import_training_file(actor, path, path.name)


def ask(team: Team, actor: Person, _subject: Person) -> None:
    requests.withdraw(actor, team.asked(actor))
    requests.ask(actor, new_limit="9999999", justification=WHY)


def decide(action: Action) -> Callable[..., None]:
    def act(team: Team, actor: Person, subject: Person) -> None:
        requests.decide(actor, team.asked(subject), action, "As discussed.")

    return act


def entries(_team: Team, actor: Person, subject: Person) -> bool:
    budgets.set_limit(
        people_above(subject), subject.id, Decimal("100000.00") + next(_numbers)
    )
    return any(row.user_id == subject.id for row in audit.entries(actor, Filter()).entries)
