"""A team's limit stands above its members' own, and two members cannot share its last dollar."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from lib.db import team_budgets
from lib.db.connection import reading, transaction
from lib.db.tables import budget_audit_log, budget_overrides
from lib.services import budgets, starting
from lib.services.assessment import assess
from lib.services.errors import NotAllowed, NotFound, StartRefused

Make = Callable[..., Any]


def test_a_members_job_does_not_start_above_the_teams_limit(
    person: Make, local_draft: Make, start: Make
) -> None:
    admin, manager = person(role="admin"), person(role="manager")
    ana, ben = person(manager=manager), person(manager=manager)
    budgets.set_team_limit(admin, manager.id, Decimal("20.00"))
    start(ana, local_draft(ana, cost="10.00"))
    with pytest.raises(StartRefused) as refusal:
        start(ben, local_draft(ben, cost="10.00"))
    assert refusal.value.code == "budget"
    assert str(refusal.value) == (
        f"Estimated cost ($11.50) exceeds what is left of the team budget of {manager.name} "
        "($8.50 of $20.00). Adjust configuration or ask for a higher team budget."
    )
    budgets.set_team_limit(admin, manager.id, Decimal("23.00"))
    start(ben, local_draft(ben, cost="10.00"))
    assert budgets.team_month(manager, manager.id).limit == Decimal("23.00")


def test_other_teams_and_people_without_one_are_not_concerned(
    person: Make, local_draft: Make, start: Make
) -> None:
    admin, manager, other = person(role="admin"), person(role="manager"), person(role="manager")
    budgets.set_team_limit(admin, manager.id, Decimal("0.00"))
    for actor in (person(manager=other), person()):
        start(actor, local_draft(actor, cost="10.00"))


def test_a_manager_counts_in_their_own_team(person: Make, local_draft: Make, start: Make) -> None:
    admin, manager = person(role="admin"), person(role="manager")
    budgets.set_team_limit(admin, manager.id, Decimal("5.00"))
    with pytest.raises(StartRefused, match="team budget"):
        start(manager, local_draft(manager, cost="10.00"))
    with pytest.raises(NotAllowed):
        budgets.set_team_limit(manager, manager.id, Decimal("500.00"))


def test_an_override_of_a_teams_limit_is_recorded_with_its_overrun(
    person: Make, local_draft: Make
) -> None:
    admin, manager = person(role="admin"), person(role="manager")
    budgets.set_team_limit(admin, manager.id, Decimal("5.00"))
    opened = local_draft(manager, cost="10.00")
    reason = "Agreed with the client on the phone today."
    starting.start(manager, opened.job_id, assess(opened).digest, override=reason)
    with reading() as connection:
        (row,) = connection.execute(
            select(budget_overrides).where(budget_overrides.c.job_id == opened.job_id)
        )
    assert row.override_amount == Decimal("6.50")


def test_a_lifted_team_limit_stops_nobody_any_more(
    person: Make, local_draft: Make, start: Make
) -> None:
    admin, manager = person(role="admin"), person(role="manager")
    ana = person(manager=manager)
    budgets.set_team_limit(admin, manager.id, Decimal("5.00"))
    with transaction() as connection:  # one that was set months ago holds as well
        team_budgets.set_limit(
            connection,
            manager_id=manager.id,
            month=date(2026, 1, 1),
            limit=Decimal("4.00"),
            set_by=admin.id,
        )
    opened = local_draft(ana, cost="10.00")
    with pytest.raises(StartRefused, match="team budget"):
        start(ana, opened)

    budgets.lift_team_limit(admin, manager.id, "203.0.113.7")

    assert budgets.team_month(manager, manager.id) is None
    assert budgets.team_month(admin, manager.id) is None
    start(ana, opened)
    with reading() as connection:
        entry = connection.execute(
            select(budget_audit_log)
            .where(budget_audit_log.c.user_id == manager.id)
            .order_by(budget_audit_log.c.id.desc())
            .limit(1)
        ).one()
    assert (entry.action_type, entry.actor_id, entry.amount) == ("limit_set", admin.id, None)
    assert entry.details["team"] and entry.details["lifted"]
    assert Decimal(entry.details["before"]) == Decimal("5.00")
    assert str(entry.ip_address) == "203.0.113.7"


def test_a_team_limit_is_lifted_by_who_may_set_it_and_only_where_there_is_one(
    person: Make,
) -> None:
    admin, manager = person(role="admin"), person(role="manager")
    with pytest.raises(NotFound, match="no limit above this team"):
        budgets.lift_team_limit(admin, manager.id)
    budgets.set_team_limit(admin, manager.id, Decimal("5.00"))
    for actor in (manager, person(), person(role="manager")):
        with pytest.raises(NotAllowed):
            budgets.lift_team_limit(actor, manager.id)
    assert budgets.team_month(manager, manager.id).limit == Decimal("5.00")


def test_a_teams_month_counts_the_manager_and_everybody_below(
    person: Make, local_draft: Make, start: Make
) -> None:
    admin, manager = person(role="admin"), person(role="manager")
    ana = person(manager=manager)
    budgets.set_team_limit(admin, manager.id, Decimal("50.00"))
    for actor in (manager, ana, person()):
        start(actor, local_draft(actor, cost="10.00"))
    team = budgets.team_month(manager, manager.id)
    assert (team.limit, team.reserved, team.remaining) == (
        Decimal("50.00"),
        Decimal("23.00"),
        Decimal("27.00"),
    )
    with pytest.raises(NotAllowed):
        budgets.team_month(ana, manager.id)


def test_two_members_at_once_cannot_both_take_the_teams_last_dollar(
    person: Make, local_draft: Make, start: Make
) -> None:
    admin, manager = person(role="admin"), person(role="manager")
    budgets.set_team_limit(admin, manager.id, Decimal("35.00"))  # room for three
    members = [person(manager=manager) for _ in range(8)]
    drafts = [local_draft(member, cost="10.00") for member in members]
    barrier = Barrier(len(members))

    def press(index: int) -> bool:
        shown = assess(drafts[index]).digest
        barrier.wait()
        try:
            starting.start(members[index], drafts[index].job_id, shown)
        except StartRefused as refusal:
            assert refusal.code == "budget"
            return False
        return True

    with ThreadPoolExecutor(len(members)) as pool:
        assert sum(pool.map(press, range(len(members)))) == 3
