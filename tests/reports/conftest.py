"""A team's month to print: four people, three clients, forty jobs, some of them still running."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lib.domain.budget import Budget
from lib.domain.money import ZERO
from lib.domain.spending import Projection
from lib.domain.statement import AuditHead, Share, StatedJob, StatedLimit, Statement

PEOPLE = ("Ada Kowalska", "Ben Okafor", "李小龍", "ليلى حداد")
CLIENTS = (("Elena Morales Financial", "Advisor voice, phase 2"), ("Acme", ""), ("", ""))
CONFIGURATIONS = (("Balanced", "spot"), ("Conservative", "on demand"), ("Balanced", "own hardware"))


def job(number: int, **values: object) -> StatedJob:
    client, project = CLIENTS[number % 3]
    preset, tier = CONFIGURATIONS[number % 3]
    running = number >= 38
    made = {
        "started_on": date(2026, 11, 1 + number // 2),
        "name": f"Advisor conversations {number + 1} - {preset} - 2026-11-{1 + number // 2:02d}",
        "person": PEOPLE[number % 4],
        "client": client,
        "project": project,
        "preset": preset,
        "tier": tier,
        "status": "Running" if running else "Completed",
        "spent": Decimal("12.34") + number,
        "reserved": Decimal("56.78") if running else ZERO,
    }
    return StatedJob(**(made | values))


def statement_of(jobs: tuple[StatedJob, ...], **values: object) -> Statement:
    """A statement in which everything is made from the jobs; `values` replace what is made."""
    spent = sum((one.spent for one in jobs), ZERO)
    reserved = sum((one.reserved for one in jobs), ZERO)
    budget = Budget(date(2026, 11, 1), Decimal(2000), Decimal(10), spent, reserved, 2)
    daily: dict[date, Decimal] = {}
    for one in jobs:
        daily[one.started_on] = daily.get(one.started_on, ZERO) + one.spent
    made = {
        "company": "Northwind Language Models",
        "subject": "Ada Kowalska and team",
        "about": "4 people",
        "as_of": datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        "budget": budget,
        "projection": Projection(
            spent + reserved + 400,
            spent + reserved + 150,
            spent + reserved + 650,
            "spent, reserved, and 6 more days like the last 28",
        ),
        "daily": tuple(sorted(daily.items())),
        "clients": shares(jobs, lambda one: (one.client or "No client", one.project)),
        "configurations": shares(jobs, lambda one: (one.preset, one.tier)),
        "people": shares(jobs, lambda one: (one.person, "someone@northwind.example")),
        "jobs": jobs,
        "limits": tuple(
            StatedLimit(date(2026, month, 1), name, Decimal(500), Decimal(10), "Grace Hopper")
            for month in (11, 6)
            for name in PEOPLE
        ),
        "accuracy": "Budget forecasts have been within ±8% for past 6 months",
        "head": AuditHead(1234, "ab" * 32),
    }
    return Statement(**(made | values))


def shares(jobs: tuple[StatedJob, ...], names: object) -> tuple[Share, ...]:
    found: dict[tuple[str, str], list[StatedJob]] = {}
    for one in jobs:
        found.setdefault(names(one), []).append(one)
    return tuple(
        Share(
            key,
            sum((one.spent for one in group), ZERO),
            sum((one.reserved for one in group), ZERO),
            len(group),
        )
        for key, group in found.items()
    )


@pytest.fixture(scope="session")
def team_month() -> Statement:
    return statement_of(tuple(map(job, range(40))))
