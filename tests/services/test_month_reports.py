"""The statement's figures are the budget page's, over every job, for those who may see them."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from lib.db.budgets import MOST_JOBS
from lib.domain.money import ZERO, usd
from lib.domain.people import Person
from lib.domain.statement import total
from lib.services import audit, budgets, month_reports, people, spending
from lib.services.errors import NotAllowed
from tests.past_jobs import book

Make = Callable[..., Any]
JUNE = date(2026, 6, 1)


@pytest.fixture
def booked(past_job: Make) -> Callable[..., UUID]:
    """`booked(ana, "12.34")`: a job of June 2026; `running=True` leaves its reservation open."""

    def make(
        actor: Person, cost: str, *, day: int = 10, running: bool = False, **columns: Any
    ) -> UUID:
        ended = datetime(2026, 6, day, 12, tzinfo=UTC)
        job = past_job(
            actor,
            status="running" if running else "completed",
            actual_cost=Decimal(cost),
            queued_at=ended,
            ended_at=None if running else ended,
            budget_month=JUNE,
            **columns,
        )
        book(job, running=running)
        return job

    return make


def test_a_persons_statement_has_the_pages_figures(person: Make, booked: Make) -> None:
    ana = person()
    booked(ana, "12.34", preset="balanced")
    booked(ana, "0.66", preset="aggressive", tier="on_demand")
    booked(ana, "20.00", running=True)

    made = month_reports.statement(ana, [ana.id], JUNE)
    page = spending.report(ana, [ana.id], JUNE)

    assert (made.budget, made.projection) == (page.budget, page.projection)
    assert (made.budget.spent, made.budget.reserved) == (Decimal("33.00"), Decimal("30.00"))
    for rows in (made.jobs, made.clients, made.configurations):
        assert total(rows) == (made.budget.spent, made.budget.reserved)
    assert (made.subject, made.about, made.people, made.head) == (ana.name, ana.email, (), None)
    assert {(one.preset, one.tier, one.status) for one in made.jobs} == {
        ("Balanced", "spot", "Completed"),
        ("Aggressive", "on demand", "Completed"),
        ("Balanced", "spot", "Running"),
    }
    assert made.passed
    assert made.standing.startswith("Not final: $30.00 are reserved")


def test_every_job_is_in_it_not_only_those_that_the_page_lists(
    person: Make, past_job: Make, training_file: Make
) -> None:
    ana = person()
    ended = datetime(2026, 6, 10, 12, tzinfo=UTC)
    file = training_file(actor=ana)
    for number in range(MOST_JOBS + 3):
        cost = Decimal(number) / 100
        moments = {"queued_at": ended, "ended_at": ended, "budget_month": JUNE}
        book(past_job(ana, file=file, actual_cost=cost, **moments))
    made = month_reports.statement(ana, [ana.id], JUNE)
    assert len(spending.report(ana, [ana.id], JUNE).jobs) == MOST_JOBS
    assert len(made.jobs) == MOST_JOBS + 3
    assert total(made.jobs) == (made.budget.spent, ZERO)


def test_a_teams_statement_names_each_person_and_adds_them_up(person: Make, booked: Make) -> None:
    manager = person(role="manager", name="Max")
    ana = person(name="Ana", manager=manager)
    booked(ana, "10.00", day=3)
    booked(manager, "5.50", day=2)
    booked(person(name="Somebody else"), "99.00")
    user_ids = [one.id for one in people.team(manager, manager.id)]

    made = month_reports.statement(manager, user_ids, JUNE)

    assert (made.subject, made.about) == ("Max and team", "2 people")
    assert [(one.names[0], one.spent) for one in made.people] == [
        ("Ana", Decimal("10.00")),
        ("Max", Decimal("5.50")),
    ]
    assert [one.person for one in made.jobs] == ["Max", "Ana"]  # in the order of their start
    assert total(made.jobs) == total(made.people) == (Decimal("15.50"), ZERO)


def test_nobody_gets_the_month_of_people_they_do_not_oversee(person: Make) -> None:
    manager, ana = person(role="manager"), person()
    for make in (month_reports.statement, month_reports.document):
        with pytest.raises(NotAllowed):
            make(manager, [manager.id, ana.id], JUNE)
    with pytest.raises(NotAllowed):
        people.team(ana, manager.id)


def test_the_audit_logs_end_is_for_those_who_may_verify_it(person: Make) -> None:
    admin = person(role="admin")
    ana = person()
    budgets.set_limit(admin, ana.id, Decimal("123.00"))
    head = audit.head(admin)
    made = month_reports.statement(admin, [ana.id])
    assert (made.head.rows, made.head.hash) == (head.rows, head.hash)
    assert month_reports.statement(ana, [ana.id]).head is None


def test_the_document_is_the_statement_on_paper(person: Make, booked: Make) -> None:
    ana = person(name="Ana <b>O'Neil</b>")
    booked(ana, "12.34", name="Job $(rm -rf) **x**")
    made = month_reports.document(ana, [ana.id], JUNE)
    shown = " ".join(page.extract_text() for page in PdfReader(BytesIO(made.pdf)).pages)
    flat = " ".join(shown.split())
    assert "Ana <b>O'Neil</b>" in flat
    assert "Job $(rm -rf) **x**" in flat
    assert usd(made.statement.budget.spent) in flat


def test_files_are_named_after_the_month_and_a_teams_says_so(person: Make) -> None:
    ana = person()
    assert month_reports.file_name(JUNE, [ana.id]) == "spending-2026-06.pdf"
    assert month_reports.file_name(JUNE, [ana.id, ana.id]) == "spending-2026-06-team.pdf"


def test_months_with_spending_are_offered_newest_first_and_the_current_one_always(
    person: Make, past_job: Make
) -> None:
    manager = person(role="manager")
    ana = person(manager=manager)
    this = budgets.this_month()
    assert spending.months_to_show(manager) == [this]
    months = [spending.months_before(this, back) for back in range(1, 9)]
    for month in months:
        ended = datetime(month.year, month.month, 2, tzinfo=UTC)
        book(past_job(ana, queued_at=ended, ended_at=ended, budget_month=month))
    assert spending.months_to_show(manager) == [this, *months[:6]]
    book(past_job(ana, budget_month=this))
    assert spending.months_to_show(ana) == [this, *months[:5]]
