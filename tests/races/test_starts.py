"""Sixty-four Starts at once, in two processes, where there is room for exactly seven (FR1.2.2)."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from lib.db import team_budgets
from lib.db.connection import reading, transaction
from lib.db.tables import budget_audit_log
from lib.services import budgets
from tests.effort import times
from tests.races.drafts_alike import copies_of
from tests.races.starting_together import Press, press

Make = Callable[..., Any]
CALLERS, ROUNDS, ROOM = 64, times(5), 7
COST = Decimal("11.50")  # the most that each job may cost
LIMIT = "73.19"  # with 10 % grace $80.51: seven jobs fit, an eighth does not
TEAM_LIMIT = Decimal("91.99")  # a team has no grace: again seven fit, an eighth does not


def race(
    rounds: Sequence[Sequence[Press]], *, processes: int = 2, locked: bool = True
) -> list[Counter[str]]:
    """What came of each round's Starts."""
    context = multiprocessing.get_context("spawn")
    barrier, outcomes = context.Barrier(CALLERS, timeout=120), context.Queue()
    with running(
        [
            context.Process(
                target=press,
                args=([pressed[share::processes] for pressed in rounds], barrier, outcomes),
                kwargs={"locked": locked},
            )
            for share in range(processes)
        ]
    ):
        found: list[Counter[str]] = [Counter() for _ in rounds]
        for _ in range(len(rounds) * CALLERS):
            number, outcome = outcomes.get(timeout=120)
            found[number][outcome] += 1
    return found


@contextmanager
def running(processes: list[Any]) -> Iterator[None]:
    """The processes, which must end by themselves and well; none outlives a failed test."""
    for process in processes:
        process.start()
    try:
        yield
        for process in processes:
            process.join(60)
        assert [process.exitcode for process in processes] == [0] * len(processes)
    finally:
        for process in processes:
            process.kill()


def of_one_person(person: Make, local_draft: Make) -> list[Press]:
    """A round in which one person's drafts are started: each round is another person's month."""
    actor = person(limit=LIMIT)
    opened = local_draft(actor, cost="10.00")
    return [(actor, job_id) for job_id in copies_of(opened, CALLERS, actor.id)]


def of_a_team(person: Make, local_draft: Make) -> list[Press]:
    """A round in which eight members, each with plenty of their own, share what their team has."""
    manager = person(role="manager", limit="500.00")
    with transaction() as connection:
        team_budgets.set_limit(
            connection,
            manager_id=manager.id,
            month=budgets.this_month(),
            limit=TEAM_LIMIT,
            set_by=manager.id,
        )
    members = [person(limit="500.00", manager=manager) for _ in range(8)]
    opened = local_draft(manager, cost="10.00")
    drafts = [copies_of(opened, CALLERS // len(members), member.id) for member in members]
    return [
        each
        for one_each in zip(*drafts, strict=True)
        for each in zip(members, one_each, strict=True)
    ]


def audited(user_ids: set[UUID]) -> Counter[str]:
    with reading() as connection:
        rows = connection.execute(
            select(budget_audit_log.c.action_type, func.count())
            .where(budget_audit_log.c.user_id.in_(user_ids))
            .group_by(budget_audit_log.c.action_type)
        )
        return Counter(dict(rows.tuples().all()))


def reserved(pressed: Sequence[Press]) -> Decimal:
    return sum((budgets.budget_of(id_).reserved for id_ in who(pressed)), Decimal(0))


def who(pressed: Sequence[Press]) -> set[UUID]:
    return {actor.id for actor, _ in pressed}


@pytest.mark.parametrize("processes", [2, 1, 4])
def test_exactly_as_many_jobs_start_as_the_budget_bears(
    installation: str, person: Make, local_draft: Make, processes: int
) -> None:
    """In one process there are twice as many callers as connections; in four, 64 connections."""
    rounds = [of_one_person(person, local_draft) for _ in range(ROUNDS if processes == 2 else 1)]
    for pressed, found in zip(rounds, race(rounds, processes=processes), strict=True):
        assert found == {"started": ROOM, "budget": CALLERS - ROOM}
        actor, _ = pressed[0]
        month = budgets.budget_of(actor.id)
        assert month.active_jobs == ROOM
        assert month.reserved == ROOM * COST <= month.ceiling
        log = audited(who(pressed))
        assert log["started"] + log["started_in_grace"] == ROOM
        assert log["validation_blocked"] == CALLERS - ROOM


def test_a_team_starts_exactly_as_many_jobs_as_its_limit_bears(
    installation: str, person: Make, local_draft: Make
) -> None:
    rounds = [of_a_team(person, local_draft) for _ in range(ROUNDS)]
    for pressed, found in zip(rounds, race(rounds), strict=True):
        assert found == {"started": ROOM, "budget": CALLERS - ROOM}
        assert reserved(pressed) == ROOM * COST <= TEAM_LIMIT
        log = audited(who(pressed))
        assert (log["started"], log["validation_blocked"]) == (ROOM, CALLERS - ROOM)


@pytest.mark.parametrize(
    ("a_round", "ceiling"),
    [(of_one_person, Decimal("80.51")), (of_a_team, TEAM_LIMIT)],
    ids=["one person", "a team"],
)
def test_without_the_lock_the_same_race_overspends(
    installation: str, person: Make, local_draft: Make, a_round: Make, ceiling: Decimal
) -> None:
    """The twin that shows that the races above are some."""
    rounds = [a_round(person, local_draft) for _ in range(2)]
    race(rounds, locked=False)
    assert any(reserved(pressed) > ceiling for pressed in rounds)
