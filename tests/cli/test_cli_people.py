"""users and budget: from an empty installation to people with limits."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.services import accounts
from lib.services.accounts import OPERATOR

Make = Callable[..., Any]
PASSWORD = "correct horse battery"
OWNER = ("users", "add", "--name", "Ada", "--email", "ada@example.com", "--role", "owner")
ANALYST = ("users", "add", "--name", "Bob", "--email", "bob@example.com", "--role", "analyst")


@pytest.fixture
def owner(installation: str, person: Make) -> Any:
    return person(role="owner", name="Ada", email="ada@example.com")


def test_the_first_step_on_a_new_machine_is_the_owner(
    program: Make, configure: Make, open_folder: Path
) -> None:
    configure(DATA_DIR=open_folder / "data")  # the embedded database is made here
    run = program(*OWNER, "--monthly-limit", "1,250.50", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert run.code == 0, run.err
    assert run.out == "Added Ada (ada@example.com) as owner, $1,250.50 a month\n"
    listed = program("users", "list", "--json").data
    assert [(user["email"], user["role"], user["limit"]) for user in listed] == [
        ("ada@example.com", "owner", Decimal("1250.50"))
    ]


def test_scripts_need_no_set_up_and_leave_it_to_the_owner(
    installation: str, cli: Make, chat_file: Make, tmp_path: Path
) -> None:
    file = chat_file(60)
    assert cli("import", file).code == 0
    assert cli("quote", file, "--out", tmp_path / "quote.pdf").code == 0
    assert cli("jobs", "list", "--json").data[0]["created_by"] == OPERATOR["email"]
    assert cli("budget", "show", "--json").data["user"] == OPERATOR["email"]
    assert not accounts.is_set_up()
    assert OPERATOR["email"] not in accounts.credentials()["usernames"]
    owner = accounts.create_owner("Ada", "ada@example.com", PASSWORD, Decimal(100))
    assert accounts.operator() == owner


def test_people_are_added_with_manager_and_limit(owner: Any, program: Make, cli: Make) -> None:
    options = ("--manager", "ADA@example.com", "--monthly-limit", "$75", "--password-stdin")
    run = program(*ANALYST, *options, "--json", stdin=PASSWORD)
    assert run.code == 0, run.err
    assert run.data["role"] == "analyst"
    bob = next(user for user in cli("users", "list", "--json").data if user["name"] == "Bob")
    assert (bob["manager"], bob["limit"], bob["remaining"]) == ("ada@example.com", 75, 75)
    assert "bob@example.com  Bob   analyst  ada@example.com  $75.00" in cli("users", "list").out


@pytest.mark.parametrize(
    ("arguments", "password", "said"),
    [
        (OWNER, PASSWORD, "This installation has been set up already"),
        ([*OWNER, "--manager", "x@example.com"], PASSWORD, "--manager: the owner has none"),
        ([*ANALYST, "--manager", "x@example.com"], PASSWORD, "manager: nobody here has"),
        ([*ANALYST, "--monthly-limit", "-5"], PASSWORD, "--monthly-limit: must be between"),
        ([*ANALYST, "--monthly-limit", "1e9"], PASSWORD, "--monthly-limit: write a plain"),
        ([*ANALYST, "--email", "bob"], PASSWORD, "e-mail: write an address"),
        ([*ANALYST, "--email", "ada@example.com"], PASSWORD, "ada@example.com is a user already"),
        ([*ANALYST, "--name", "a\x1b[31mb"], PASSWORD, "name: must be"),
        ([*ANALYST, "--role", "king"], PASSWORD, "argument --role: invalid choice"),
        (ANALYST, "short", "password: must be 12 to 128"),
        (ANALYST, "", "password: must be 12 to 128"),
    ],
)
def test_a_person_that_cannot_be_added_is_told_why(
    owner: Any,
    cli: Make,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    password: str,
    said: str,
) -> None:
    monkeypatch.setattr("sys.stdin.readline", lambda _: f"{password}\n", raising=False)
    assert cli(*arguments, "--password-stdin").refused().startswith(said)
    assert len(cli("users", "list", "--json").data) == 1


def test_without_a_terminal_the_password_comes_from_standard_input(
    owner: Any, program: Make
) -> None:
    assert program(*ANALYST, stdin=PASSWORD).code == 0
    assert "password: must be 12 to 128" in program(*OWNER, stdin="").refused()


def test_the_budget_of_the_owner_or_of_anybody(
    owner: Any, cli: Make, person: Make, local_draft: Make
) -> None:
    assert cli("budget", "show", "--json").data["limit"] == Decimal("500.00")
    other = person(limit="125.00")
    data = cli("budget", "show", "--user", other.email, "--json").data
    assert (data["user"], data["limit"], data["spent"], data["remaining"]) == (
        other.email,
        125,
        0,
        125,
    )
    assert data["jobs"] == []
    assert "No job was started this month." in cli("budget", "show").out
    said = cli("budget", "show", "--user", "nobody@example.com").refused()
    assert said == "Nobody here has the address nobody@example.com."


def test_a_months_statement_is_written_for_one_person_and_for_a_team(
    owner: Any, person: Make, cli: Make, tmp_path: Path
) -> None:
    manager = person(role="manager", name="Max", email="max@example.com", manager=owner)
    person(name="Ana", manager=manager)
    out = tmp_path / "month.pdf"

    run = cli("budget", "pdf", "--user", "MAX@example.com", "--out", out, "--json")
    assert (run.data["subject"], run.data["limit"], run.data["jobs"]) == ("Max", 500, 0)
    assert out.read_bytes().startswith(b"%PDF")

    team = cli("budget", "pdf", "--user", "max@example.com", "--team", "--out", out)
    assert team.code == 0, team.err
    assert "Max and team (2 people)" in team.out
    past = cli("budget", "pdf", "--month", "2026-01", "--out", out, "--json")
    assert (past.data["subject"], past.data["month"]) == ("Ada", "2026-01-01")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--month", "2026-13"], "month: '2026-13' is not a month such as 2026-11"),
        (["--user", "nobody@example.com"], "Nobody here has the address nobody@example.com."),
        (["--user", "nobody"], "e-mail: write an address"),
    ],
)
def test_a_statement_that_cannot_be_made_is_refused_and_nothing_is_written(
    owner: Any, cli: Make, tmp_path: Path, options: list[str], said: str
) -> None:
    out = tmp_path / "month.pdf"
    assert said in cli("budget", "pdf", *options, "--out", out).refused()
    assert list(tmp_path.iterdir()) == []
