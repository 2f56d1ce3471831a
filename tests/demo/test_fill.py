"""Demo data holds together as a real installation's would, and goes nowhere else."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import bcrypt
import pytest
from sqlalchemy import Row, func, select

from lib.db import budgets
from lib.db import installation as facts
from lib.db import tables as t
from lib.db.connection import reading, transaction
from lib.demo import cast
from lib.demo.fill import fill, is_filled
from lib.domain.people import Person
from lib.domain.states import TERMINAL, JobStatus, may_follow
from lib.services import accounts, calibration
from lib.services.errors import Refusal
from lib.services.installation import is_demo
from tests.demo_data import JOBS, NOW, SEED


def rows(statement: Any) -> list[Row]:
    with reading() as connection:
        return list(connection.execute(statement))


def started() -> list[Row]:
    job = t.training_jobs
    return rows(select(job).where(job.c.queued_at.is_not(None)).order_by(job.c.queued_at))


def test_what_a_month_has_spent_is_the_sum_of_its_jobs(demo: Callable[[str], Person]) -> None:
    months: dict[tuple[UUID, Any], Decimal] = {}
    for job in started():
        key = (job.created_by, job.budget_month)
        months[key] = months.get(key, Decimal(0)) + job.actual_cost
    assert len(months) > 20
    with reading() as connection:
        for (user_id, month), cost in months.items():
            budget = budgets.snapshot(connection, user_id, month)
            assert (budget.spent, budget.reserved, budget.active_jobs) == (cost, 0, 0)


def test_every_job_costs_what_its_attempts_its_reservation_and_the_log_say(
    demo: Callable[[str], Person],
) -> None:
    held = {row.job_id: row for row in rows(select(t.budget_reservations))}
    settled = rows(
        select(t.budget_audit_log.c.job_id, t.budget_audit_log.c.amount).where(
            t.budget_audit_log.c.action_type == "settled"
        )
    )
    logged = {row.job_id: row.amount for row in settled}
    attempt = t.job_attempts.c
    costs = rows(select(attempt.job_id, func.sum(attempt.cost)).group_by(attempt.job_id))
    by_attempts = {row[0]: row[1] for row in costs}
    jobs = started()
    assert {job.id for job in jobs} == held.keys() == logged.keys()
    for job in jobs:
        assert job.actual_cost == held[job.id].settled_cost == logged[job.id]
        assert job.actual_cost == by_attempts.get(job.id, 0)
        assert held[job.id].amount == job.estimated_cost_max
        assert job.actual_cost == 0 or job.actual_duration_hours > 0


def test_no_start_went_above_limit_and_grace_without_an_override(
    demo: Callable[[str], Person],
) -> None:
    log = rows(select(t.budget_audit_log).where(t.budget_audit_log.c.job_id.is_not(None)))
    kinds = {"started", "started_in_grace", "started_by_override"}
    assert {"started", "validation_blocked", "settled"} <= {row.action_type for row in log}
    for row in log:
        if row.action_type not in {*kinds, "validation_blocked"}:
            continue
        figures = {name: Decimal(row.details[name]) for name in ("limit", "spent", "reserved")}
        projected = figures["spent"] + figures["reserved"] + row.amount
        ceiling = figures["limit"] * (1 + Decimal(row.details["grace_percent"]) / 100)
        bears_it = projected <= ceiling or row.amount == 0
        assert bears_it == (row.action_type in {"started", "started_in_grace"})


def test_every_job_has_ended_along_the_allowed_transitions(demo: Callable[[str], Person]) -> None:
    events = rows(select(t.job_events).order_by(t.job_events.c.id))
    log: dict[UUID, list[Row]] = {}
    for event in events:
        log.setdefault(event.job_id, []).append(event)
    for job in started():
        told = log[job.id]
        assert [event.at for event in told] == sorted(event.at for event in told)
        states = [event for event in told if event.to_status]
        assert states[0].to_status == JobStatus.PENDING_CONFIGURATION
        for before, after in pairwise(states):
            assert after.from_status == before.to_status
            assert may_follow(JobStatus(after.from_status), JobStatus(after.to_status))
        assert states[-1].to_status == job.status
        assert job.status in TERMINAL
        assert states[-1].at == job.ended_at < NOW


def test_the_calibration_finds_what_runs_really_take(demo: Callable[[str], Person]) -> None:
    with reading() as connection:
        assert calibration.active(connection) is not None


def test_about_a_fifth_of_spot_jobs_was_interrupted(demo: Callable[[str], Person]) -> None:
    spot = [job for job in started() if job.gpu_pricing_tier == "spot"]
    interrupted = [job for job in spot if job.checkpoint_recovery_count]
    assert 0.08 < len(interrupted) / len(spot) < 0.30
    assert all(job.checkpoint_recovery_count == 0 for job in started() if job not in spot)


def test_requests_are_there_in_each_state(demo: Callable[[str], Person]) -> None:
    states = rows(select(t.budget_requests.c.status).distinct())
    assert {row.status for row in states} == {"pending", "approved", "denied"}


def test_past_months_have_the_forecast_of_their_middle(demo: Callable[[str], Person]) -> None:
    kept = rows(select(t.budget_forecasts))
    assert len({row.month for row in kept}) >= 5
    for row in kept:
        assert row.day == row.month.replace(day=15) < NOW.date()
        assert row.projected >= 0


def test_everybody_can_sign_in(demo: Callable[[str], Person]) -> None:
    users = accounts.credentials()["usernames"]
    assert set(users) == {member.email for member in cast.TEAM}
    for email, user in users.items():
        assert bcrypt.checkpw(cast.PASSWORD.encode(), user["password"].encode())
        assert accounts.person_of_session(accounts.open_session(email)) is not None


def test_the_same_seed_and_moment_give_the_same_jobs(
    demo: Callable[[str], Person], request: pytest.FixtureRequest
) -> None:
    columns = (
        *("name", "description", "tags", "status", "queued_at", "ended_at", "actual_cost"),
        *("estimated_cost_max", "actual_duration_hours", "progress", "gpu_pricing_tier"),
    )
    first = [[getattr(job, name) for name in columns] for job in started()]
    request.getfixturevalue("installation")
    fill(SEED, JOBS, now=NOW)
    again = [[getattr(job, name) for name in columns] for job in started()]
    assert len(first) > 0.8 * JOBS
    assert again == first


def test_a_database_with_people_is_left_alone(
    installation: str, person: Callable[..., Person]
) -> None:
    somebody = person(role="owner")
    with pytest.raises(Refusal, match="There are people in this database"):
        fill(SEED, 5, now=NOW)
    assert not is_filled() and not is_demo()
    assert [row.id for row in rows(select(t.users.c.id))] == [somebody.id]


def test_a_filled_database_is_not_filled_again(demo: Callable[[str], Person]) -> None:
    assert is_filled() and is_demo()
    jobs = len(started())
    with pytest.raises(Refusal):
        fill(SEED, 5, now=NOW + timedelta(days=1))
    assert len(started()) == jobs


def test_a_filling_that_was_broken_off_says_what_to_do(installation: str) -> None:
    with transaction() as connection:
        facts.put(connection, "demo", "filling")
    with pytest.raises(Refusal, match="broken off"):
        is_filled()
