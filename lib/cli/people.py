"""Commands about people and their budgets: users add, users list, budget show and pdf."""

import argparse
import sys
from decimal import Decimal
from getpass import getpass
from typing import Any
from uuid import UUID

from lib.cli.lookups import person_at
from lib.cli.output import Output, record, table, to_be_written
from lib.db import users
from lib.db.connection import migrate, reading
from lib.domain.budget import Budget
from lib.domain.money import parse_usd, usd
from lib.domain.people import PASSWORD_LENGTH, Person, Role
from lib.domain.statement import parse_month
from lib.services import accounts, budgets, people
from lib.settings import settings


def add_user(options: argparse.Namespace) -> Output:
    """Adds a person. There is one owner, who may also be set up in the browser."""
    limit = (
        settings().default_monthly_limit
        if options.monthly_limit is None
        else parse_usd(options.monthly_limit, "--monthly-limit")
    )
    if options.role == Role.OWNER and options.manager:
        raise ValueError("--manager: the owner has none")
    migrate()
    person = _added(options, _password(options), limit)
    data = {"id": person.id, "name": person.name, "email": person.email, "role": person.role}
    text = f"Added {person.name} ({person.email}) as {person.role}, {usd(limit)} a month"
    return Output({**data, "monthly_limit": limit}, text)


def list_users(_options: argparse.Namespace) -> Output:
    """Everybody who can sign in, with where their month stands."""
    migrate()
    with reading() as connection:
        everyone = users.everyone(connection)
    addresses: dict[UUID, str] = {user.id: user.email for user in everyone}
    months = {user.id: budgets.budget_of(user.id) for user in everyone}
    data = [
        {
            "id": user.id,
            "name": user.name,
            "email": user.email,
            "role": user.role,
            "manager": addresses.get(user.manager_id),
            **_month(months[user.id]),
        }
        for user in everyone
    ]
    rows = [
        (
            user.email,
            user.name,
            user.role,
            addresses.get(user.manager_id),
            usd(months[user.id].limit),
            usd(months[user.id].remaining),
        )
        for user in everyone
    ]
    headings = ("EMAIL", "NAME", "ROLE", "MANAGER", "LIMIT", "REMAINING")
    return Output(data, table(headings, rows, "Nobody yet."))


def budget(options: argparse.Namespace) -> Output:
    """The current month of the owner, or of the person with the given address."""
    migrate()
    owner = accounts.operator()
    user = _whose(owner, options.user)
    overview = budgets.overview(owner, user.id)
    month = overview.budget
    columns = ("id", "name", "status", "estimated_cost_max", "actual_cost", "reserved")
    data = {
        "user": user.email,
        **_month(month),
        "jobs": [{name: getattr(job, name) for name in columns} for job in overview.jobs],
    }
    text = record(
        {
            "user": user.email,
            "month": f"{month.month:%Y-%m} (resets {month.resets_on})",
            "limit": f"{usd(month.limit)} and {month.grace_percent.normalize():f} % grace",
            "spent": usd(month.spent),
            "reserved": f"{usd(month.reserved)} by {month.active_jobs} active jobs",
            "remaining": usd(month.remaining),
        }
    )
    rows = [(job.id, job.status, usd(job.actual_cost), job.name) for job in overview.jobs]
    listed = table(("JOB", "STATUS", "COST", "NAME"), rows, "No job was started this month.")
    return Output(data, f"{text}\n\n{listed}")


def budget_pdf(options: argparse.Namespace) -> Output:
    """Writes a month's statement for finance: of one person, or of a manager with their team."""
    from lib.services import month_reports  # slow to import: it brings all that makes a PDF

    migrate()
    month = parse_month(options.month) if options.month else budgets.this_month()
    owner = accounts.operator()
    whose = _whose(owner, options.user).id
    user_ids = [one.id for one in people.team(owner, whose)] if options.team else [whose]
    with to_be_written(options.out) as pdf:
        made = month_reports.document(owner, user_ids, month)
        pdf.write_bytes(made.pdf)
    statement = made.statement
    data = {
        "subject": statement.subject,
        "month": month,
        "as_of": statement.as_of,
        "pdf": str(options.out),
        "limit": statement.budget.limit,
        "spent": statement.budget.spent,
        "reserved": statement.budget.reserved,
        "jobs": len(statement.jobs),
    }
    text = record(
        {
            "whose": f"{statement.subject} ({statement.about})",
            "month": f"{month:%Y-%m}",
            "spent": usd(statement.budget.spent),
            "reserved": usd(statement.budget.reserved),
            "jobs": f"{len(statement.jobs):,}",
            "written to": options.out,
        }
    )
    return Output(data, text)


def _whose(owner: Person, address: str | None) -> Person:
    """The user with the address, the owner without one. Raises ValueError, NotFound."""
    return person_at(address) if address else owner


def _month(month: Budget) -> dict[str, Any]:
    return {
        "month": month.month,
        "limit": month.limit,
        "grace_percent": month.grace_percent,
        "spent": month.spent,
        "reserved": month.reserved,
        "remaining": month.remaining,
        "used_percent": month.used_percent,
        "active_jobs": month.active_jobs,
        "resets_on": month.resets_on,
    }


def _added(options: argparse.Namespace, password: str, limit: Decimal) -> Person:
    if options.role == Role.OWNER:
        return accounts.create_owner(options.name, options.email, password, limit)
    return accounts.add_user(
        None,
        name=options.name,
        email=options.email,
        password=password,
        role=Role(options.role),
        monthly_limit=limit,
        manager_email=options.manager,
    )


def _password(options: argparse.Namespace) -> str:
    """The first line of standard input, or asked for twice at a terminal. Raises ValueError."""
    if options.password_stdin or not sys.stdin.isatty():
        return sys.stdin.readline(PASSWORD_LENGTH[1] + 2).rstrip("\r\n")
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise ValueError("the two passwords differ")
    return password
