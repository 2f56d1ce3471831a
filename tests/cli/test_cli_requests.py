"""requests and outbox: asked, decided and read without a browser."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

Make = Callable[..., Any]
WHY = "Acme's second model has to be trained before the end of the quarter."


@pytest.fixture
def bob(installation: str, person: Make) -> Any:
    owner = person(role="owner", name="Ada", email="ada@example.com")
    return person(name="Bob", email="bob@example.com", manager=owner)


def asking(**changes: str) -> list[str]:
    options = {"user": "BOB@example.com", "limit": "$1,250.50", "justification": WHY, **changes}
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def test_a_request_from_asking_to_the_limit(bob: Any, cli: Make) -> None:
    assert cli("requests", "list").out == "No requests.\n"
    asked = cli("requests", "ask", *asking(), "--json").data
    assert (asked["status"], asked["requester_email"]) == ("pending", "bob@example.com")
    assert (asked["current_limit"], asked["new_limit"]) == (500, Decimal("1250.5"))
    assert (asked["projected_spend"], asked["justification"]) == (0, WHY)

    (mail,) = cli("outbox", "list", "--json").data
    assert (mail["to_address"], mail["state"]) == ("ada@example.com", "kept")
    shown = cli("outbox", "show", mail["id"])
    assert "Bob asks for a monthly budget of $1,250.50" in shown.out
    assert "/approvals/" in shown.out
    assert "<table" in cli("outbox", "show", mail["id"], "--json").data["body_html"]

    run = cli("requests", "approve", asked["id"], "--reason", "Fine")
    assert run.code == 0, run.err
    assert cli("budget", "show", "--user", "bob@example.com", "--json").data["limit"] == Decimal(
        "1250.5"
    )
    (listed,) = cli("requests", "list", "--json").data
    assert (listed["status"], listed["decider_name"], listed["reason"]) == (
        *("approved", "Ada"),
        "Fine",
    )
    assert "already" in cli("requests", "deny", asked["id"], "--reason", "No").refused()


def test_a_request_can_be_denied_or_withdrawn(bob: Any, cli: Make) -> None:
    first = cli("requests", "ask", *asking(month="next"), "--json").data
    assert cli("requests", "withdraw", first["id"], "--json").data["status"] == "withdrawn"
    second = cli("requests", "ask", *asking(), "--json").data
    denied = cli("requests", "deny", second["id"], "--reason", "Not now", "--json").data
    assert (denied["status"], denied["reason"]) == ("denied", "Not now")
    assert "denied" in cli("requests", "list").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["requests", "ask", *asking(limit="1e9")], "new monthly limit: write a plain amount"),
        (["requests", "ask", *asking(limit="NaN")], "new monthly limit: write a plain amount"),
        (["requests", "ask", *asking(limit="400")], "new monthly limit: must be above"),
        (["requests", "ask", *asking(justification="more")], "justification: write at least 50"),
        (["requests", "ask", *asking(user="x@example.com")], "Nobody here has the address"),
        (["requests", "ask", *asking(user="ada@example.com")], "Nobody is above the owner"),
        (["requests", "ask", *asking(job="7")], "--job: '7' is not an id"),
        (["requests", "ask"], "the following arguments are required"),
        (["requests", "approve", "7"], "request: '7' is not an id"),
        (["requests", "approve", "0" * 32], "There is no such request"),
        (["requests", "deny", "0" * 32], "the following arguments are required: --reason"),
        (["outbox", "show", "0" * 32], "There is no such mail."),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    bob: Any, cli: Make, arguments: list[str], said: str
) -> None:
    assert said in cli(*arguments).refused()


def test_what_steers_a_terminal_is_shown_and_not_obeyed(bob: Any, cli: Make) -> None:
    why = f"\x1b[2J\u202e{WHY}"
    asked = cli("requests", "ask", *asking(justification=why)).out
    (mail,) = cli("outbox", "list", "--json").data
    shown = cli("outbox", "show", mail["id"]).out
    for text in (asked, shown):
        assert "\x1b" not in text and "\u202e" not in text
