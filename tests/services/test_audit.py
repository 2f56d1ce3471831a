"""Who sees which entries of the audit log, what filters find, and what is exported."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest

from lib.db import budgets
from lib.db.connection import transaction
from lib.db.tables import budget_audit_log, users
from lib.domain.audit import ActionType, Filter
from lib.domain.people import Person
from lib.services import audit
from lib.services.errors import NotAllowed

Make = Callable[..., Any]
A = ActionType


@pytest.fixture
def team(installation: str, person: Make) -> dict[str, Person]:
    owner = person(role="owner", name="Ada")
    manager = person(role="manager", name="Max", manager=owner)
    ana = person(name="Ana", manager=manager)
    eve = person(name="Eve", manager=owner)
    return {"owner": owner, "manager": manager, "ana": ana, "eve": eve}


def note(
    who: Person, action: ActionType = A.LIMIT_SET, by: Person | None = None, **more: Any
) -> None:
    with transaction() as connection:
        budgets.audit(connection, action, user_id=who.id, actor_id=(by or who).id, **more)


def ids(actor: Person, **wanted: Any) -> list[int]:
    return [entry.id for entry in audit.entries(actor, Filter(**wanted)).entries]


def test_everybody_sees_what_their_role_allows(team: dict[str, Person]) -> None:
    for name in ("owner", "manager", "ana", "eve"):  # rows 1 to 4
        note(team[name])
    note(team["eve"], by=team["manager"])  # row 5: the manager acted, for another's analyst
    assert ids(team["owner"]) == [5, 4, 3, 2, 1]
    assert ids(team["manager"]) == [5, 3, 2]
    assert ids(team["ana"]) == [3]
    assert ids(team["eve"]) == [5, 4]


def test_who_left_a_team_stays_in_its_log(team: dict[str, Person]) -> None:
    note(team["ana"])
    with transaction() as connection:
        connection.execute(
            users.update().where(users.c.id == team["ana"].id).values(disabled_at=datetime.now(UTC))
        )
    assert ids(team["manager"]) == [1]


def test_a_filter_finds_nothing_that_its_reader_may_not_see(team: dict[str, Person]) -> None:
    note(team["owner"])
    assert ids(team["ana"], person_id=team["owner"].id) == []


def test_filters_narrow_by_each_of_their_fields(team: dict[str, Person]) -> None:
    owner, ana = team["owner"], team["ana"]
    note(owner)
    note(ana, A.VALIDATION_BLOCKED)
    note(ana, A.OVERRIDE_APPROVED, by=owner, justification="The client's 100% deadline")
    note(ana, A.INCREASE_DENIED, by=owner, details={"reason": "Not this month"})
    assert ids(owner, action=A.VALIDATION_BLOCKED) == [2]
    assert ids(owner, person_id=ana.id) == [4, 3, 2]
    assert ids(owner, text="DEADLINE ") == [3]
    assert ids(owner, text="this month") == [4]
    assert ids(owner, text="100%") == [3]
    assert ids(owner, text="_") == []  # no wildcard
    assert ids(owner, text="a\x00") == ids(owner, text="a")
    assert ids(owner, person_id=owner.id, action=A.OVERRIDE_APPROVED) == [3]
    assert ids(owner, oldest_first=True) == [1, 2, 3, 4]


def test_dates_include_their_beginning_and_not_their_end(team: dict[str, Person]) -> None:
    owner, noon = team["owner"], datetime(2026, 3, 1, 12, tzinfo=UTC)
    with transaction() as connection:
        for hours in (0, 1, 2):
            connection.execute(
                budget_audit_log.insert().values(
                    timestamp=noon + timedelta(hours=hours),
                    action_type="settled",
                    user_id=owner.id,
                    actor_id=owner.id,
                )
            )
    wanted = {"since": noon + timedelta(hours=1), "before": noon + timedelta(hours=2)}
    assert ids(owner, **wanted) == [2]


def test_a_job_is_found_by_its_id(team: dict[str, Person], draft: Make) -> None:
    opened = draft(team["ana"])
    note(team["ana"], A.STARTED, job_id=opened.job_id)
    note(team["ana"])
    (entry,) = audit.entries(team["owner"], Filter(job_id=opened.job_id)).entries
    assert entry.job_name == opened.draft.name


@pytest.mark.parametrize("oldest_first", [False, True])
def test_pages_follow_one_another_whatever_is_written_meanwhile(
    team: dict[str, Person], oldest_first: bool
) -> None:
    owner = team["owner"]
    for _ in range(7):
        note(owner)
    seen: list[int] = []
    after = None
    for _ in range(3):
        page = audit.entries(owner, Filter(oldest_first=oldest_first), after=after, limit=3)
        seen += [entry.id for entry in page.entries]
        after = page.next_after
        if not oldest_first:
            note(owner)
    expected = [1, 2, 3, 4, 5, 6, 7]
    assert seen == (expected if oldest_first else expected[::-1])
    assert after is None


def test_the_export_has_every_entry_and_no_formula(team: dict[str, Person]) -> None:
    owner = team["owner"]
    note(
        owner,
        A.OVERRIDE_APPROVED,
        amount=Decimal("12.50"),
        justification='=HYPERLINK("https://evil.example","x")',
        ip_address="203.0.113.7",
        details={"limit": Decimal("5.00")},
    )
    for _ in range(3):
        note(team["ana"])
    written = list(csv.DictReader(StringIO("".join(audit.as_csv(owner, Filter())), newline="")))
    assert [row["id"] for row in written] == ["4", "3", "2", "1"]
    first = written[-1]
    assert first["justification"] == '\'=HYPERLINK("https://evil.example","x")'
    assert (first["amount"], first["ip_address"]) == ("12.50", "203.0.113.7")
    assert first["details"] == '{"limit": "5.00"}'
    assert first["hash"] == written[2]["previous_hash"]
    assert len(list(audit.as_csv(team["ana"], Filter()))) == 1 + 3
    assert len(list(audit.as_csv(owner, Filter(action=A.LIMIT_SET)))) == 1 + 3


@pytest.mark.parametrize("role", ["manager", "ana"])
def test_only_those_who_see_all_of_it_verify_it(team: dict[str, Person], role: str) -> None:
    with pytest.raises(NotAllowed):
        audit.verify(team[role])
    with pytest.raises(NotAllowed):
        audit.head(team[role])


@pytest.mark.parametrize("noted", ["", "abc", "g" * 64, "a" * 65])
def test_a_noted_hash_that_is_none_is_named(team: dict[str, Person], noted: str) -> None:
    with pytest.raises(ValueError, match="noted hash"):
        audit.verify(team["owner"], noted)


def test_a_noted_hash_may_be_pasted_with_spaces_and_capitals(team: dict[str, Person]) -> None:
    note(team["owner"])
    head = audit.head(team["owner"]).hash
    assert audit.verify(team["owner"], f" {head.upper()}\n").intact


def test_progress_is_told_on_the_way(team: dict[str, Person], monkeypatch: Any) -> None:
    monkeypatch.setattr(audit, "_TOLD_EVERY", 2)
    for _ in range(5):
        note(team["owner"])
    told: list[tuple[int, int]] = []
    audit.verify(team["owner"], progress=lambda done, rows: told.append((done, rows)))
    assert told == [(2, 5), (4, 5)]
