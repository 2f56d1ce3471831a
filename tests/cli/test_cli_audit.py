"""audit: listed, exported, verified and noted without a browser."""

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from lib.db import budgets
from lib.db.connection import transaction
from lib.domain.audit import ActionType

Make = Callable[..., Any]


@pytest.fixture
def log(installation: str, person: Make) -> Any:
    """Three entries: the owner's limit, Bob's limit, an override with a reason."""
    owner = person(role="owner", name="Ada", email="ada@example.com")
    bob = person(name="Bob", email="bob@example.com", manager=owner)
    with transaction() as connection:
        for who, action, why in (
            (owner, ActionType.LIMIT_SET, None),
            (bob, ActionType.LIMIT_SET, None),
            (bob, ActionType.OVERRIDE_APPROVED, "=1+1 before the quarter ends\x1b[2J"),
        ):
            budgets.audit(
                connection,
                action,
                user_id=who.id,
                actor_id=owner.id,
                amount=Decimal("12.50"),
                justification=why,
                ip_address="203.0.113.7",
            )
    return owner


def test_the_log_is_listed_newest_first_and_page_by_page(log: Any, cli: Make) -> None:
    first = cli("audit", "list", "--limit", "2", "--json").data
    assert [entry["id"] for entry in first["entries"]] == [3, 2]
    newest = first["entries"][0]
    assert (newest["action_type"], newest["amount"]) == ("override_approved", Decimal("12.5"))
    assert (newest["user_email"], newest["actor_email"]) == ("bob@example.com", "ada@example.com")
    assert newest["ip_address"] == "203.0.113.7"
    rest = cli("audit", "list", "--after", first["next_after"], "--json").data
    assert ([entry["id"] for entry in rest["entries"]], rest["next_after"]) == ([1], None)
    shown = cli("audit", "list").out
    assert "$12.50" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--action", "limit_set"], [2, 1]),
        (["--user", "BOB@example.com"], [3, 2]),
        (["--text", "quarter"], [3]),
        (["--since", "2020-01-01", "--oldest-first"], [1, 2, 3]),
        (["--until", "2020-01-01"], []),
        (["--job", "0" * 32], []),
    ],
)
def test_filters(log: Any, cli: Make, options: list[str], ids: list[int]) -> None:
    found = cli("audit", "list", *options, "--json").data["entries"]
    assert [entry["id"] for entry in found] == ids


def test_an_export_is_a_csv_file_without_formulas(log: Any, cli: Make, tmp_path: Path) -> None:
    target = tmp_path / "log.csv"
    assert cli("audit", "export", "--out", target, "--user", "bob@example.com").out == (
        f"2 entries in {target}\n"
    )
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["3", "2"]
    assert rows[0]["justification"].startswith("'=1+1")


def test_verifying_gives_the_exit_code_of_what_it_found(log: Any, cli: Make) -> None:
    noted = cli("audit", "head", "--json").data
    assert (noted["id"], noted["rows"]) == (3, 3)
    whole = cli("audit", "verify", "--head", noted["hash"], "--json")
    assert (whole.code, whole.data["intact"], whole.data["rows"]) == (0, True, 3)
    with transaction() as connection:
        connection.execute(text("ALTER TABLE budget_audit_log DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE budget_audit_log SET amount = 1 WHERE id = 2"))
        connection.execute(text("ALTER TABLE budget_audit_log ENABLE TRIGGER USER"))
    broken = cli("audit", "verify", "--json")
    assert (broken.code, broken.data["intact"], broken.data["first_broken"]) == (1, False, 2)
    shown = cli("audit", "verify")
    assert shown.code == 1
    assert "BROKEN" in shown.out
    assert "changed: row 2" in shown.out


def test_an_empty_log(installation: str, person: Make, cli: Make) -> None:
    person(role="owner")
    assert cli("audit", "list").out == "No entries.\n"
    assert cli("audit", "head").out == "The log is empty.\n"
    assert cli("audit", "verify", "--json").data["rows"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--since", "yesterday"], "--since: 'yesterday' is not a day"),
        (["list", "--until", "9999-12-31"], "--until: '9999-12-31' is not a day"),
        (["list", "--job", "7"], "--job: '7' is not an id"),
        (["list", "--limit", "many"], "--limit: 'many' is not a whole number"),
        (["list", "--after", "-1"], "--after"),
        (["list", "--user", "x@example.com"], "Nobody here has the address"),
        (["list", "--action", "coffee"], "invalid choice"),
        (["verify", "--head", "abc"], "noted hash: write the 64 hexadecimal digits"),
        (["export"], "the following arguments are required: --out"),
        (["export", "--out", "/proc/none/log.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    log: Any, cli: Make, arguments: list[str], said: str
) -> None:
    assert said in cli("audit", *arguments).refused()
