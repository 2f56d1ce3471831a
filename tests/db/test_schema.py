"""The tables in code, the migrations and the domain's enums tell the same story."""

import re
from decimal import Decimal

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Numeric, inspect, text

from lib.db import budgets
from lib.db.connection import database as pool
from lib.db.connection import migrate, reading, transaction
from lib.db.tables import budget_audit_log, metadata, training_files, training_jobs, users
from lib.domain.audit import ActionType
from lib.domain.people import Role
from lib.domain.states import EnrichmentStatus, JobStatus
from lib.services.budgets import this_month


def test_the_migrations_build_exactly_the_tables_in_code(database) -> None:
    with reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_the_migrations_build_every_check_constraint_in_code(database) -> None:
    """Alembic does not compare these by itself."""
    found = inspect(pool())
    for table in metadata.sorted_tables:
        coded = {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint)}
        built = {check["name"] for check in found.get_check_constraints(table.name)}
        assert coded == built, table.name


def test_the_database_knows_exactly_the_values_of_each_enum(database) -> None:
    found = inspect(pool())
    for table, column, enum in (
        (users, "role", Role),
        (training_jobs, "status", JobStatus),
        (training_files, "enrichment_status", EnrichmentStatus),
        (budget_audit_log, "action_type", ActionType),
    ):
        check = next(
            check["sqltext"]
            for check in found.get_check_constraints(table.name)
            if check["name"] == f"ck_{table.name}_{column}_known"
        )
        assert set(re.findall(r"'(\w+)'", check)) == {str(value) for value in enum}


def test_migrating_again_changes_nothing(database) -> None:
    migrate()
    with reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1


def test_amounts_are_decimals_with_cents_on_both_ways(person) -> None:
    user = person(limit="9999999999.99")
    with reading() as connection:
        budget = budgets.snapshot(connection, user.id, this_month())
    for amount in (budget.limit, budget.spent, budget.reserved):
        assert isinstance(amount, Decimal)
    assert str(budget.limit) == "9999999999.99"
    assert str(budget.remaining) == "9999999999.99"


def test_no_column_for_money_is_a_float() -> None:
    for table in metadata.sorted_tables:
        for column in table.columns:
            if re.search("cost|amount|limit|rate", column.name) and isinstance(
                column.type, Numeric
            ):
                assert column.type.asdecimal, f"{table.name}.{column.name}"


def test_times_come_back_in_utc(person) -> None:
    user = person()
    with transaction() as connection:
        created_at = (
            connection.execute(users.select().where(users.c.id == user.id)).one().created_at
        )
    assert created_at.utcoffset().total_seconds() == 0
