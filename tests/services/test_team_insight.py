"""The team dashboard's figures, of jobs in a database of each test's own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from lib.db.connection import transaction
from lib.db.tables import clients, review_visits
from lib.domain.history import Share
from lib.domain.offers import Tier
from lib.domain.people import Person
from lib.domain.team_insight import Period
from lib.services import team_insight
from lib.services.errors import NotAllowed

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_database(installation: str) -> None:
    """Each test has jobs of its own."""


def last(days: int) -> Period:
    today = team_insight.today()
    return Period(today - timedelta(days=days - 1), today)


def report(actor: Person, *others: Person, days: int = 30) -> team_insight.Report:
    return team_insight.report(actor, [one.id for one in (actor, *others)], last(days))


def visit(job_id: UUID, person: Person, **values: Any) -> None:
    with transaction() as connection:
        connection.execute(insert(review_visits).values(job_id=job_id, user_id=person.id, **values))


def test_without_a_job_everything_is_empty_and_nothing_is_made_up(person: Make) -> None:
    found = report(person())

    assert found.total.jobs == found.before.jobs == found.review.views == 0
    assert found.total.completeness is found.spot_interruptions is found.naming.automatic is None
    assert not (found.people or found.presets or found.tags or found.to_document or found.to_tag)
    assert found.usage.share(Tier.SPOT) is None


def test_a_job_counts_on_the_day_it_was_started_and_drafts_never(
    person: Make, past_job: Make, draft: Make
) -> None:
    ana = person()
    past_job(ana, days_ago=1)
    past_job(ana, days_ago=3, actual_hours="240")  # started before, ended in the period
    past_job(ana, days_ago=9)
    draft(ana)

    found = report(ana, days=5)

    assert found.total.jobs == 1
    assert found.before.jobs == 1
    assert report(ana).total.jobs == 3


def test_documentation_has_description_and_notes_and_blanks_are_none(
    person: Make, past_job: Make
) -> None:
    boss = person(role="manager", name="Boss")
    ana = person(manager=boss, name="Ana")
    past_job(ana, description="Why", notes="How")
    past_job(ana, description="Why", notes=" \n\t", actual_cost=Decimal("7.00"), name="Cheap")
    past_job(boss, description="", notes="How", actual_cost=Decimal("90.00"), name="Dear")

    found = report(boss, ana)

    assert found.total.completeness == Share(1, 3)
    assert (found.total.described, found.total.noted) == (2, 2)
    by_person = {one.person_id: one.completeness for one in found.people}
    assert by_person == {ana.id: Share(1, 2), boss.id: Share(0, 1)}
    assert [(job.name, job.described, job.noted) for job in found.to_document] == [
        ("Dear", False, True),
        ("Cheap", True, False),
    ]
    assert sum(one.jobs for one in found.months) == 3
    assert sum(one.jobs for one in found.person_months.values()) == 3


def test_tags_are_counted_by_month_and_jobs_without_are_listed(
    person: Make, past_job: Make
) -> None:
    ana = person()
    for tags in (["poc", "test"], ["poc"], []):
        past_job(ana, tags=tags, name=" ".join(tags) or "Bare", days_ago=1)

    found = report(ana)

    assert [(use.tag, use.jobs) for use in found.tags] == [("poc", 2), ("test", 1)]
    assert found.total.untagged == 1
    assert [job.name for job in found.to_tag] == ["Bare"]


def test_names_are_read_with_their_file_and_client_and_whether_they_were_typed(
    person: Make, past_job: Make, training_file: Make
) -> None:
    ana, file = person(), training_file()
    with transaction() as connection:
        client = connection.scalar(insert(clients).values(name="Acme").returning(clients.c.id))
    draft = {"training_file_name": file.name, "name_edited": True}
    stem = file.name.removesuffix(".json")
    for number in range(3):
        past_job(ana, file=file, name=f"Acme v{number}", client_id=client, draft=draft)
    automatic = f"{stem} - Balanced - 2026-11-24"
    past_job(ana, file=file, name=automatic, draft=draft | {"name_edited": False})

    naming = report(ana).naming

    assert [(one.shape, one.automatic, one.share.count) for one in naming.patterns] == [
        ("{client} v{n}", False, 3),
        ("{file} - {preset} - {date}", True, 1),
    ]
    assert (naming.read, naming.automatic) == (4, Share(1, 4))


def test_presets_and_gpus_have_their_runs_success_cost_and_hours(
    person: Make, past_job: Make
) -> None:
    ana = person()
    past_job(ana, actual_hours="10", recoveries=1)
    past_job(ana, actual_hours="20", status="failed")
    past_job(ana, tier="on_demand", preset="conservative", actual_hours="1")
    past_job(ana, engine="local", gpu="this-machine", tier="local", actual_hours="2")

    found = report(ana)

    presets = {one.preset: (one.jobs, one.success, one.cost, one.hours) for one in found.presets}
    assert presets == {
        "balanced": (3, Share(2, 3), Decimal("74.70"), 32),
        "conservative": (1, Share(1, 1), Decimal("7.99"), 1),
    }
    assert {one.tier: (one.jobs, one.interrupted) for one in found.places} == {
        "spot": (2, 1),
        "on_demand": (1, 0),
        "local": (1, 0),
    }
    assert found.spot_interruptions == Share(1, 2)
    assert found.usage.share(Tier.ON_DEMAND) == Share(1, 3)
    assert found.usage.saved == Decimal("55.00")  # ten hours at 7.99 instead of 2.49


def test_estimates_are_compared_by_preset_and_person_to_the_last_digit(
    person: Make, past_job: Make
) -> None:
    ana = person()
    past_job(ana, estimated_hours="100", actual_hours="101")
    past_job(ana, estimated_hours="100", actual_hours="125")
    past_job(ana, estimated_hours="100", actual_hours="50", status="failed")
    local = {"engine": "local", "tier": "local", "gpu": "here", "preset": "aggressive"}
    past_job(ana, **local, estimated_hours="0.020", actual_hours="0.021")

    found = report(ana)

    by_preset = {one.preset: one for one in found.presets}
    balanced, aggressive = by_preset["balanced"], by_preset["aggressive"]
    assert (balanced.compared, balanced.inside_share) == (2, Share(1, 2))
    assert round(balanced.mean_error or 0, 6) == Decimal("0.13")
    assert balanced.difference == Decimal("0.13")
    assert aggressive.difference is None  # it was free
    assert aggressive.mean_error == Decimal("0.05")
    (person_figures,) = found.people
    assert person_figures.inside_share == Share(2, 3)


def test_the_review_is_told_of_the_people_who_are_shown(person: Make, past_job: Make) -> None:
    boss = person(role="manager")
    ana = person(manager=boss)
    job_id, now = past_job(ana), datetime.now(UTC)
    for seconds, boxes, outcome in ((20, 3, "started"), (40, 3, "started"), (50, 1, "edited")):
        opened = now - timedelta(seconds=seconds)
        visit(job_id, ana, opened_at=opened, ended_at=now, checked=boxes, outcome=outcome)
    visit(job_id, boss, opened_at=now)

    hers, all_of_them = report(ana).review, report(boss, ana).review

    assert (hers.views, hers.median_seconds, hers.ticked) == (3, 40.0, (0, 1, 0, 2))
    assert hers.share(hers.edited) == Share(1, 3)
    assert all_of_them.views == 4
    assert all_of_them.median_seconds == 40.0


def test_an_analyst_has_themselves_a_manager_their_team_and_an_admin_every_team(
    person: Make,
) -> None:
    boss, other = person(role="manager", name="Boss"), person(role="manager", name="Other")
    ana, ben = person(manager=boss, name="Ana"), person(manager=boss, name="Ben")
    admin = person(role="admin", name="Admin")

    def keys(actor: Person) -> list[tuple[str, set[UUID]]]:
        return [(one.key, set(one.user_ids)) for one in team_insight.subjects(actor)]

    assert keys(ana) == [(str(ana.id), {ana.id})]
    assert keys(boss)[0] == ("all", {boss.id, ana.id, ben.id})
    assert {key for key, _ in keys(boss)[1:]} == {str(one.id) for one in (boss, ana, ben)}
    seen = dict(keys(admin))
    assert seen["all"] == {one.id for one in (admin, boss, other, ana, ben)}
    assert seen[f"team-{boss.id}"] == {boss.id, ana.id, ben.id}
    assert f"team-{other.id}" not in seen  # there is nobody in it but Other


def test_nobody_sees_whom_they_do_not_oversee(person: Make) -> None:
    boss = person(role="manager")
    for stranger in (person(), person(role="admin")):
        with pytest.raises(NotAllowed):
            report(boss, stranger)
    with pytest.raises(NotAllowed):
        team_insight.report(boss, [boss.id, uuid4()], last(1))
