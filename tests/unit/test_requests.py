"""What may be asked of a budget, and what the letters about it say."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lib.domain.budget import Budget
from lib.domain.requests import (
    Action,
    Effective,
    Figures,
    asks,
    check_justification,
    check_limit,
    check_reason,
    effective,
    is_approved,
    is_denied,
)

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
CURRENT = Decimal("500.00")


def figures(**changes: object) -> Figures:
    budget = Budget(
        month=NOVEMBER,
        limit=CURRENT,
        grace_percent=Decimal(10),
        spent=Decimal("120.00"),
        reserved=Decimal("200.00"),
        active_jobs=2,
    )
    values = {
        "requester": "Ana",
        "budget": budget,
        "current_limit": CURRENT,
        "new_limit": Decimal("800.00"),
        "month": NOVEMBER,
    }
    return Figures(**{**values, **changes})


@pytest.mark.parametrize(
    ("typed", "limit"),
    [("800", "800.00"), (" $1,250.50 ", "1250.50"), ("500.01", "500.01")],
)
def test_a_limit_above_the_current_one_may_be_asked_for(typed: str, limit: str) -> None:
    assert check_limit(typed, CURRENT) == Decimal(limit)


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("500", "must be above the current limit of \\$500.00"),
        ("0", "must be above"),
        ("500.004", "must be above"),
        ("-800", "must be between"),
        ("10000000000", "must be between"),
        ("NaN", "write a plain amount"),
        ("Infinity", "write a plain amount"),
        ("1e9", "write a plain amount"),
        ("12,50", "is not an amount"),
        ("", "is not an amount"),
        ("800 dollars", "is not an amount"),
    ],
)
def test_any_other_limit_is_refused_with_the_fields_name(typed: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"new monthly limit: .*{complaint}"):
        check_limit(typed, CURRENT)


def test_a_justification_has_50_to_2000_characters_after_trimming() -> None:
    assert check_justification(f"  {'x' * 50}\n") == "x" * 50
    assert len(check_justification("x" * 2000)) == 2000
    for text, told in (
        (" " * 30 + "x" * 49, "at least 50 characters; these are 49"),
        ("x" * 2001, "at most 2,000 characters; these are 2,001"),
        ("x" * 100_000, "these are 100,000"),
        ("x" * 49 + "\u200b" * 100, "these are 49"),  # invisible ones do not count
        ("\x00" * 60, "these are 0"),
        ("", "these are 0"),
    ):
        with pytest.raises(ValueError, match=f"justification: .*{told}"):
            check_justification(text)


def test_half_a_character_is_no_text() -> None:
    with pytest.raises(ValueError, match="justification"):
        check_justification("x" * 60 + "\ud800")


def test_only_a_denial_needs_a_reason() -> None:
    assert check_reason("  ", Action.APPROVE) == ""
    assert check_reason(" no money ", Action.DENY) == "no money"
    with pytest.raises(ValueError, match="reason: say why"):
        check_reason(" \n ", Action.DENY)
    with pytest.raises(ValueError, match="reason: write at most 1,000"):
        check_reason("x" * 1001, Action.APPROVE)


def test_this_month_is_immediate_and_next_month_has_its_date() -> None:
    assert Effective.THIS_MONTH.month(NOVEMBER) == NOVEMBER
    assert Effective.NEXT_MONTH.month(DECEMBER) == date(2027, 1, 1)
    assert effective(NOVEMBER, NOVEMBER) == "immediately"
    assert effective(DECEMBER, NOVEMBER) == "from 1 December 2026"


def test_the_figures_are_the_month_and_the_job_at_their_most() -> None:
    assert figures().projected == Decimal("320.00")
    job = figures(job_name="Acme", job_cost=Decimal("75.00"))
    assert job.projected == Decimal("395.00")
    assert dict(job.facts) == {
        "New monthly limit": "$800.00 (now $500.00, +60.0 %)",
        "Effective": "immediately",
        "Current spend vs limit": "$120.00 of $500.00 (24.0 %)",
        "Reserved": "$200.00 by 2 active jobs",
        "Projected spend": "$395.00",
        "For the job": "Acme, at most $75.00",
    }


def test_an_increase_from_nothing_has_no_percentage() -> None:
    assert dict(figures(current_limit=Decimal(0)).facts)["New monthly limit"] == (
        "$800.00 (now $0.00)"
    )


def test_the_approver_reads_all_that_the_requirement_lists() -> None:
    links = {Action.APPROVE: "https://desk/a", Action.DENY: "https://desk/d"}
    letter = asks(figures(), "Because of Acme", datetime(2026, 12, 1, 9, tzinfo=UTC), links)
    assert letter.subject == "Ana asks for a monthly budget of $800.00"
    assert letter.quote == ("Justification", "Because of Acme")
    assert {"Current spend vs limit", "Projected spend"} <= dict(letter.facts).keys()
    assert [(button.label, button.url) for button in letter.buttons] == [
        ("Approve", "https://desk/a"),
        ("Deny", "https://desk/d"),
    ]


def test_the_requester_reads_the_requirements_own_sentence() -> None:
    at_once = is_approved(Decimal("800.00"), "immediately", "", "Max", "https://desk/budget")
    assert at_once.lead == ("Budget increase approved, new limit: $800.00 effective immediately")
    later = is_approved(Decimal("800.00"), "from 1 December 2026", "ok", "Max", "https://desk")
    assert later.lead.endswith("new limit: $800.00 effective from 1 December 2026")
    assert is_denied(Decimal("800.00"), "Not now", "Max", "x").quote == ("Max says", "Not now")
