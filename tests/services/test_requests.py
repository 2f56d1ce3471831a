"""Requests for a higher limit: who may ask and decide, and that a decision is made once."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, select, text, update
from sqlalchemy.exc import DBAPIError

from lib.db import budgets as budget_queries
from lib.db import requests as queries
from lib.db.connection import reading, transaction
from lib.db.tables import budget_audit_log, budget_config, budget_requests, outbox, users
from lib.domain.budget import next_month
from lib.domain.people import Person
from lib.domain.requests import MOST_WITHDRAWN, Action, Effective
from lib.services import budgets, request_views, requests
from lib.services.budgets import this_month
from lib.services.errors import NotAllowed, NotFound, Refusal
from lib.services.request_care import tend

Make = Callable[..., Any]
WHY = "Acme's second model has to be trained before the end of the quarter."
APPROVE, DENY = Action.APPROVE, Action.DENY


def ask(actor: Person, limit: str = "800", why: str = WHY, **values: Any) -> UUID:
    return requests.ask(actor, new_limit=limit, justification=why, **values)


def request_row(request_id: UUID) -> Row:
    with reading() as connection:
        row = queries.by_id(connection, request_id)
    assert row is not None
    return row


def change(request_id: UUID, **values: Any) -> None:
    with transaction() as connection:
        connection.execute(
            update(budget_requests).where(budget_requests.c.id == request_id).values(**values)
        )


def set_user(who: Person, **values: Any) -> None:
    with transaction() as connection:
        connection.execute(update(users).where(users.c.id == who.id).values(**values))


def mail_to(who: Person) -> list[Row]:
    """All mail to a person, oldest first."""
    with reading() as connection:
        return list(
            connection.execute(
                select(outbox).where(outbox.c.recipient_id == who.id).order_by(outbox.c.created_at)
            )
        )


def token_in(mail: Row, action: Action) -> str:
    found = re.findall(r"/approvals/([\w-]+)$", mail.body_text, re.M)
    assert len(found) == 2
    return found[list(Action).index(action)]


def audit_of(who: Person) -> list[Row]:
    with reading() as connection:
        return list(
            connection.execute(
                select(budget_audit_log)
                .where(
                    budget_audit_log.c.user_id == who.id,
                    budget_audit_log.c.action_type.like("%increase%"),
                )
                .order_by(budget_audit_log.c.id)
            )
        )


def limit_of(who: Person) -> Decimal:
    return budgets.budget_of(who.id).limit


@pytest.fixture
def max_(person: Make) -> Person:
    return person(role="manager", name="Max")


@pytest.fixture
def ana(person: Make, max_: Person) -> Person:
    return person(name="Ana", manager=max_)


def test_a_request_goes_to_the_manager_by_mail(ana: Person, max_: Person) -> None:
    request = request_row(ask(ana, "1,250.50", ip_address="203.0.113.7"))
    assert (request.status, request.approver_id) == ("pending", max_.id)
    assert (request.current_limit, request.new_limit) == (500, Decimal("1250.50"))
    assert request.effective_month == this_month()
    assert request.expires_at - request.created_at > timedelta(days=6, hours=23)
    (mail,) = mail_to(max_)
    assert mail.to_address == max_.email
    assert mail.subject == "Ana asks for a monthly budget of $1,250.50"
    for part in (WHY.split(" be ")[0], "$0.00 of $500.00", "Projected spend", "Approve", "Deny"):
        assert part in mail.body_text
    (line,) = audit_of(ana)
    assert (line.action_type, line.actor_id) == ("increase_requested", ana.id)
    assert (line.amount, line.justification) == (Decimal("1250.50"), WHY)
    assert str(line.ip_address) == "203.0.113.7"
    assert limit_of(ana) == 500


def test_the_mail_prices_the_job_that_the_request_is_for(
    ana: Person, max_: Person, local_draft: Make
) -> None:
    opened = local_draft(ana, cost="100.00")
    ask(ana, job_id=opened.job_id)
    (mail,) = mail_to(max_)
    assert "at most $115.00" in mail.body_text
    assert re.search(r"Projected spend: +\$115\.00", mail.body_text)


def test_nobody_asks_for_the_job_of_another(ana: Person, person: Make, local_draft: Make) -> None:
    opened = local_draft(person(), cost="10.00")
    with pytest.raises(NotFound):
        ask(ana, job_id=opened.job_id)
    assert request_views.own(ana) == []


def test_approval_sets_the_limit_and_tells_the_requester(ana: Person, max_: Person) -> None:
    request_id = ask(ana)
    requests.decide(max_, request_id, APPROVE, "Go ahead", ip_address="203.0.113.9")

    assert limit_of(ana) == 800
    with reading() as connection:
        row = connection.execute(
            select(budget_config).where(budget_config.c.user_id == ana.id)
        ).one()
    assert row.approved_by == max_.id
    assert row.grace_percent == 10
    assert datetime.now(UTC) - row.approved_at < timedelta(minutes=1)
    request = request_row(request_id)
    assert (request.status, request.decided_by, request.reason) == ("approved", max_.id, "Go ahead")
    line = audit_of(ana)[-1]
    assert (line.action_type, line.actor_id, line.amount) == ("limit_increased", max_.id, 800)
    assert line.justification == WHY
    assert str(line.ip_address) == "203.0.113.9"
    (mail,) = mail_to(ana)
    assert "Budget increase approved, new limit: $800.00 effective immediately" in mail.body_text
    assert "> Go ahead" in mail.body_text


def test_a_limit_that_is_simply_set_was_approved_by_nobody(ana: Person, max_: Person) -> None:
    requests.decide(max_, ask(ana), APPROVE)
    budgets.set_limit(max_, ana.id, Decimal("900.00"))
    with reading() as connection:
        row = connection.execute(
            select(budget_config).where(budget_config.c.user_id == ana.id)
        ).one()
    assert (row.approved_by, row.approved_at) == (None, None)


def test_next_month_leaves_this_one_alone(ana: Person, max_: Person) -> None:
    month = next_month(this_month())
    requests.decide(max_, ask(ana, from_month=Effective.NEXT_MONTH), APPROVE)
    assert limit_of(ana) == 500
    with reading() as connection:
        assert budget_queries.snapshot(connection, ana.id, month).limit == 800
    assert f"effective from 1 {month:%B %Y}" in mail_to(ana)[0].body_text


def test_a_request_for_a_month_that_went_by_counts_for_this_one(ana: Person, max_: Person) -> None:
    request_id = ask(ana)
    before = (this_month() - timedelta(days=1)).replace(day=1)
    change(request_id, effective_month=before)
    requests.decide(max_, request_id, APPROVE)
    assert limit_of(ana) == 800
    assert "effective immediately" in mail_to(ana)[0].body_text


def test_an_approval_never_lowers_a_limit(ana: Person, max_: Person) -> None:
    request_id = ask(ana)
    budgets.set_limit(max_, ana.id, Decimal("900.00"))
    with pytest.raises(Refusal, match="has been raised in the meantime"):
        requests.decide(max_, request_id, APPROVE)
    assert limit_of(ana) == 900
    assert request_row(request_id).status == "pending"
    assert mail_to(ana) == []


def test_a_denial_has_a_reason_and_changes_nothing(ana: Person, max_: Person) -> None:
    request_id = ask(ana)
    with pytest.raises(ValueError, match="reason: say why"):
        requests.decide(max_, request_id, DENY, "  ")
    requests.decide(max_, request_id, DENY, "Not before January")
    assert limit_of(ana) == 500
    assert audit_of(ana)[-1].action_type == "increase_denied"
    assert "> Not before January" in mail_to(ana)[0].body_text


def test_what_has_been_decided_stays_decided(ana: Person, max_: Person) -> None:
    request_id = ask(ana)
    requests.decide(max_, request_id, DENY, "No")
    with pytest.raises(Refusal, match="has been denied on"):
        requests.decide(max_, request_id, APPROVE)
    with pytest.raises(Refusal, match="has been denied on"):
        requests.withdraw(ana, request_id)
    assert limit_of(ana) == 500
    assert len(mail_to(ana)) == 1


def test_one_request_at_a_time(ana: Person, max_: Person) -> None:
    first = ask(ana)
    with pytest.raises(Refusal, match="You have asked already"):
        ask(ana, "900")
    requests.withdraw(ana, first)
    assert request_row(first).status == "withdrawn"
    second = ask(ana, "900")
    requests.decide(max_, second, APPROVE)
    assert limit_of(ana) == 900


def test_who_asks_and_withdraws_again_and_again_is_stopped_for_a_day(
    ana: Person, max_: Person
) -> None:
    for _ in range(MOST_WITHDRAWN):
        requests.withdraw(ana, ask(ana))
    with pytest.raises(Refusal, match="withdrawn 5 requests within a day"):
        ask(ana)
    assert len(mail_to(max_)) == MOST_WITHDRAWN
    with transaction() as connection:
        connection.execute(
            update(budget_requests).values(created_at=datetime.now(UTC) - timedelta(days=1))
        )
    ask(ana)


def test_parallel_askers_get_one_request(ana: Person, max_: Person) -> None:
    together = Barrier(16)

    def press(number: int) -> str:
        together.wait(30)
        try:
            ask(ana, str(600 + number))
        except Refusal as refusal:
            return str(refusal)[:8]
        return "asked"

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(press, range(16)))
    assert sorted(outcomes) == ["You have"] * 15 + ["asked"]
    assert len(mail_to(max_)) == 1


def fifty_decisions(ana: Person, max_: Person) -> list[str]:
    """Fifty presses at the same moment, half of them approvals by link."""
    request_id = ask(ana)
    token = token_in(mail_to(max_)[0], APPROVE)
    together = Barrier(50)

    def press(number: int) -> str:
        action = (APPROVE, DENY)[number % 2]
        together.wait(30)
        try:
            requests.decide(
                max_,
                request_id,
                action,
                "Because",
                token=token if action is APPROVE else None,
            )
        except Refusal:
            return "refused"
        return "decided"

    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(press, range(50)))


def test_fifty_decisions_at_once_are_one(ana: Person, max_: Person) -> None:
    outcomes = fifty_decisions(ana, max_)
    assert outcomes.count("decided") == 1
    (mail,) = mail_to(ana)
    decided = [line.action_type for line in audit_of(ana)[1:]]
    approved = mail.kind == "budget_approved"
    assert decided == ["limit_increased" if approved else "increase_denied"]
    assert limit_of(ana) == (800 if approved else 500)


def test_without_the_question_whether_it_is_pending_they_would_be_many(
    ana: Person, max_: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shows that the test above can fail."""

    def end_anyhow(connection: Any, request_id: UUID, status: str, **values: Any) -> bool:
        queries.write(connection, request_id, status=status, **values)
        return True

    monkeypatch.setattr(queries, "end", end_anyhow)
    assert fifty_decisions(ana, max_).count("decided") > 1


def test_nobody_decides_their_own(person: Make) -> None:
    boss = person(role="manager")
    max_ = person(role="manager", manager=boss)
    request_id = ask(max_)
    with pytest.raises(NotAllowed, match="Nobody decides their own"):
        requests.decide(max_, request_id, APPROVE)
    token = token_in(mail_to(boss)[0], APPROVE)
    with pytest.raises(NotAllowed, match="somebody else"):
        requests.decide(max_, request_id, APPROVE, token=token)
    assert limit_of(max_) == 500


def test_the_database_itself_refuses_ones_own_decision(ana: Person) -> None:
    request_id = ask(ana)
    with pytest.raises(DBAPIError, match="not_decided_by_oneself"):
        change(request_id, status="approved", decided_at=datetime.now(UTC), decided_by=ana.id)


def test_admins_decide_too_and_other_managers_see_nothing(ana: Person, person: Make) -> None:
    request_id = ask(ana)
    for other in (person(role="manager"), person()):
        with pytest.raises(NotFound):
            requests.decide(other, request_id, APPROVE)
        with pytest.raises(NotFound):
            request_views.one(other, request_id)
        assert request_views.waiting(other) == []
    requests.decide(person(role="admin"), request_id, APPROVE)
    assert limit_of(ana) == 800


def test_the_role_is_read_again(ana: Person, max_: Person, person: Make) -> None:
    request_id = ask(ana)
    admin = person(role="admin")
    set_user(admin, role="analyst")  # the page still holds who they were
    with pytest.raises(NotFound):
        requests.decide(admin, request_id, APPROVE)
    set_user(max_, role="analyst")
    with pytest.raises(NotAllowed, match="Only managers"):
        requests.decide(max_, request_id, APPROVE)
    set_user(max_, role="manager", disabled_at=datetime.now(UTC))
    with pytest.raises(NotAllowed, match="disabled"):
        requests.decide(max_, request_id, APPROVE)
    assert limit_of(ana) == 500


def test_without_a_manager_an_admin_decides_else_the_owner(installation: str, person: Make) -> None:
    owner = person(role="owner")
    lone = person()
    assert request_row(ask(lone)).approver_id == owner.id
    admin = person(role="admin")
    other = person()
    assert request_row(ask(other)).approver_id == admin.id
    assert request_row(ask(admin)).approver_id == owner.id


def test_the_owner_is_told_what_to_do_instead(installation: str, person: Make) -> None:
    owner = person(role="owner")
    with pytest.raises(Refusal, match="Add an admin"):
        ask(owner)
    admin = person(role="admin", name="Ada", email="ada@example.com")
    with pytest.raises(Refusal, match=r"Ada \(ada@example.com\).* can set your limit"):
        ask(owner)
    budgets.set_limit(admin, owner.id, Decimal("900.00"))
    assert limit_of(owner) == 900


def test_with_nobody_there_to_decide_the_request_is_refused(
    installation: str, person: Make
) -> None:
    with pytest.raises(Refusal, match="Set up the owner first"):
        ask(person())


@pytest.mark.parametrize(
    "why",
    [
        "<script>alert(1)</script> **bold** [x](https://evil.example) " * 2,
        "\u202eGNIHTYREVE EVORPPA dna won em yap \u2066 " * 3,
        "Line one\r\nBcc: victim@example.com\r\n\r\n.\r\nMAIL FROM:<x@example.com> and more",
        "' OR 1=1; DROP TABLE budget_requests; -- and so on and on and on",
    ],
)
def test_hostile_words_are_kept_and_told_as_words(ana: Person, max_: Person, why: str) -> None:
    request_id = ask(ana, why=why)
    assert request_row(request_id).justification == why.strip()
    (mail,) = mail_to(max_)
    assert "<script" not in mail.body_html
    assert all(line.startswith("> ") for line in mail.body_text.splitlines() if "victim" in line)
    requests.decide(max_, request_id, DENY, why[:900])
    assert "<script" not in mail_to(ana)[0].body_html


@pytest.mark.parametrize("why", ["x" * 49, "x" * 100_000, "x" * 49 + "\u200f" * 9])
def test_a_bad_justification_asks_nobody(ana: Person, max_: Person, why: str) -> None:
    with pytest.raises(ValueError, match="justification"):
        ask(ana, why=why)
    assert mail_to(max_) == []


def test_a_name_with_line_breaks_adds_no_header(person: Make, max_: Person) -> None:
    name = "Eve\r\nBcc: all@example.com\r\n\r\n<b>Approve</b>"
    ask(person(name=name, manager=max_))
    (mail,) = mail_to(max_)
    assert "\n" not in mail.subject and "\r" not in mail.subject
    assert "<b>Approve</b>" not in mail.body_html


def test_a_link_is_for_one_person_request_and_action(
    ana: Person, max_: Person, person: Make
) -> None:
    request_id = ask(ana)
    mail = mail_to(max_)[0]
    approve, deny = token_in(mail, APPROVE), token_in(mail, DENY)
    opened = request_views.by_link(max_, approve)
    assert (opened.view.request.id, opened.action) == (request_id, APPROVE)
    assert request_views.by_link(max_, deny).action is DENY
    for other in (ana, person(role="manager"), person(role="admin")):
        with pytest.raises(NotAllowed, match="for somebody else"):
            request_views.by_link(other, approve)
    with pytest.raises(NotAllowed, match="another decision"):
        requests.decide(max_, request_id, APPROVE, token=deny)
    with pytest.raises(NotAllowed, match="not as it was sent"):
        requests.decide(max_, request_id, APPROVE, token=approve[:-1])
    unrelated = ask(person(manager=max_))
    with pytest.raises(NotAllowed, match="another decision"):
        requests.decide(max_, unrelated, APPROVE, token=approve)
    assert limit_of(ana) == 500
    requests.decide(max_, request_id, APPROVE, token=approve)
    assert limit_of(ana) == 800
    with pytest.raises(Refusal, match="already"):  # the link a second time
        requests.decide(max_, request_id, APPROVE, token=approve)


def test_an_expired_link_and_an_expired_request_decide_nothing(ana: Person, max_: Person) -> None:
    request_id = ask(ana)
    token = token_in(mail_to(max_)[0], APPROVE)
    change(request_id, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(Refusal, match="has expired"):
        requests.decide(max_, request_id, APPROVE, token=token)
    tend()
    assert request_row(request_id).status == "expired"
    assert audit_of(ana)[-1].action_type == "increase_expired"
    assert "has expired. Your limit stays" in " ".join(mail_to(ana)[0].body_text.split())
    assert limit_of(ana) == 500
    ask(ana)  # the way is free again


def test_an_approver_is_reminded_once_after_two_days(ana: Person, max_: Person) -> None:
    request_id = ask(ana)
    tend()
    assert len(mail_to(max_)) == 1
    change(request_id, created_at=datetime.now(UTC) - timedelta(days=2, minutes=1))
    tend()
    tend()
    first, second = mail_to(max_)
    assert second.subject == f"Reminder: {first.subject}"
    assert token_in(second, APPROVE) == token_in(first, APPROVE)


@pytest.mark.parametrize(
    "gone", [{"disabled_at": datetime(2026, 11, 1, tzinfo=UTC)}, {"role": "analyst"}]
)
def test_a_request_whose_approver_is_gone_goes_to_somebody_above(
    installation: str, person: Make, gone: dict[str, Any]
) -> None:
    admin, max_ = person(role="admin"), person(role="manager", name="Max")
    ana = person(name="Ana", manager=max_)
    request_id = ask(ana)
    set_user(max_, **gone)
    tend()
    tend()
    assert request_row(request_id).approver_id == admin.id
    (mail,) = mail_to(admin)
    assert mail.subject == "In place of Max: Ana asks for a monthly budget of $800.00"
    assert audit_of(ana)[-1].action_type == "increase_escalated"
    requests.decide(admin, request_id, APPROVE, token=token_in(mail, APPROVE))
    assert limit_of(ana) == 800


def test_a_failed_decision_leaves_no_mail_and_no_audit_row(
    installation: str, ana: Person, max_: Person
) -> None:
    request_id = ask(ana)
    with transaction() as connection:  # the last statement of the decision cannot be carried out
        connection.execute(
            text("ALTER TABLE outbox ADD CONSTRAINT no_approvals CHECK (kind <> 'budget_approved')")
        )
    with pytest.raises(DBAPIError, match="no_approvals"):
        requests.decide(max_, request_id, APPROVE)
    assert limit_of(ana) == 500
    assert request_row(request_id).status == "pending"
    assert len(audit_of(ana)) == 1


def test_who_sees_which_requests(ana: Person, max_: Person, person: Make) -> None:
    request_id = ask(ana)
    (view,) = request_views.waiting(max_)
    assert (view.request.id, view.may_decide) == (request_id, True)
    assert request_views.waiting(ana) == []
    assert request_views.one(ana, request_id).may_decide is False
    assert request_id in [v.request.id for v in request_views.waiting(person(role="admin"))]
    requests.decide(max_, request_id, APPROVE)
    assert [row.id for row in request_views.decided(max_)] == [request_id]
    assert [row.status for row in request_views.own(ana)] == ["approved"]
    assert request_views.decided(person(role="manager")) == []
    with pytest.raises(NotAllowed):
        request_views.all_requests(max_)
