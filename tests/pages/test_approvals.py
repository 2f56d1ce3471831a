"""Approvals: what waits is decided in one press, links lead to it, and words stay words."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from lib.db.connection import transaction
from lib.domain.people import Person
from lib.domain.requests import Action
from lib.http.routes import ROUTES
from lib.notify.signed_links import Claims, sign
from lib.services import accounts, budgets, request_views, requests
from lib.services.request_figures import signing_key
from tests.pages.conftest import figures, said
from tests.services.test_requests import ask, change, limit_of, mail_to, request_row, token_in

Make = Callable[..., Any]
APPROVE, DENY = Action.APPROVE, Action.DENY
HOSTILE = (
    "![x](https://evil.example/a.png) [click](https://evil.example) **bold** :red[red] $x^2$",
    "<script>alert(1)</script><img src=x onerror=alert(1)></p></div> and fifty characters more",
    "\u202eGNIHTYREVE EVORPPA\u2066 dna won em yap fifty characters of it at the very least",
)


@pytest.fixture
def max_(person: Make) -> Person:
    return person(role="manager", name="Max")


@pytest.fixture
def ana(person: Make, max_: Person) -> Person:
    return person(name="Ana", manager=max_)


@pytest.fixture
def http() -> TestClient:
    return TestClient(Starlette(routes=list(ROUTES)), follow_redirects=False)


def press(page: AppTest, action: str, request_id: UUID) -> AppTest:
    return page.button(f"{action}-{request_id}").click().run()


def follow(page: AppTest, request_id: UUID, action: Action, token: str) -> AppTest:
    """Opens the page as the link of a mail does."""
    page.query_params.update({"request": str(request_id), "action": action, "token": token})
    return page.run()


def test_a_manager_sees_the_figures_and_approves(
    ana: Person, max_: Person, open_page: Make, local_draft: Make
) -> None:
    opened = local_draft(ana, cost="100.00")
    request_id = ask(ana, job_id=opened.job_id)
    page = open_page("approvals", max_)

    assert not page.exception
    assert "1 to decide" in said(page)
    shown = figures(page)
    assert shown["New monthly limit"] == "$800.00 (now $500.00, +60.0 %)"
    assert shown["Current spend vs limit"] == "$0.00 of $500.00 (0.0 %)"
    assert shown["Projected spend"] == "$115.00"
    assert shown["For the job"].endswith("at most $115.00")
    assert "Acme&#x27;s second model" in said(page)

    press(page, "approve", request_id)
    assert not page.exception
    assert "Approved" in page.success[0].value
    assert limit_of(ana) == 800
    assert "to decide" not in said(page)
    assert page.dataframe[0].value["Decision"].tolist() == ["Approved"]


def test_a_denial_asks_for_its_reason_and_keeps_what_was_typed(
    ana: Person, max_: Person, open_page: Make
) -> None:
    first = ask(ana)
    page = press(open_page("approvals", max_), "deny", first)
    assert "say why" in page.error[0].value
    assert request_row(first).status == "pending"
    page.text_input(f"reason-{first}").set_value("Not before January")
    press(page, "deny", first)
    assert not page.error
    assert request_row(first).reason == "Not before January"


def test_a_press_that_comes_too_late_says_so(ana: Person, max_: Person, open_page: Make) -> None:
    request_id = ask(ana)
    page = open_page("approvals", max_)
    requests.withdraw(ana, request_id)
    press(page, "approve", request_id)
    assert not page.exception
    assert limit_of(ana) == 500
    assert "Nothing waits for your decision" in said(page)
    assert "has been withdrawn" in page.error[0].value


def test_a_requester_sees_and_withdraws_their_own(
    ana: Person, max_: Person, open_page: Make
) -> None:
    request_id = ask(ana)
    page = open_page("approvals", ana)
    assert [button.key for button in page.button] == [f"withdraw-{request_id}"]
    assert "Max decides" in said(page)
    page.button[0].click().run()
    assert not page.exception
    assert request_row(request_id).status == "withdrawn"
    assert not page.button


def test_others_see_nothing_of_it(ana: Person, person: Make, open_page: Make) -> None:
    ask(ana)
    for other in (person(), person(role="manager")):
        page = open_page("approvals", other)
        assert not page.exception
        assert "Ana" not in said(page)


@pytest.mark.parametrize("why", HOSTILE)
def test_a_hostile_justification_is_text(
    max_: Person, person: Make, open_page: Make, why: str
) -> None:
    eve = person(name="Eve **bold** <b>x</b> $x$", manager=max_)
    request_id = ask(eve, why=why)
    page = open_page("approvals", max_)
    assert not page.exception
    for body in said(page).splitlines():
        assert "<script" not in body and "<img" not in body and "<b>x" not in body
        assert "![x](" not in body or "prose asked" in body  # inside HTML of ours it is no markdown
    press(page, "approve", request_id)
    assert not page.exception
    assert "**bold**" not in said(open_page("approvals", eve))


def test_a_link_leads_through_to_the_page_and_decides_nothing(
    ana: Person, max_: Person, http: TestClient
) -> None:
    request_id = ask(ana)
    token = token_in(mail_to(max_)[0], APPROVE)

    def get(_: int) -> Any:
        return http.get(f"/approvals/{token}")

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(get, range(100)))
    assert {answer.status_code for answer in answers} == {303}
    assert answers[0].headers["location"] == (
        f"/approvals?request={request_id}&action=approve&token={token}"
    )
    assert answers[0].headers["referrer-policy"] == "no-referrer"
    assert http.head(f"/approvals/{token}").status_code == 303
    assert http.post(f"/approvals/{token}").status_code == 405
    assert request_row(request_id).status == "pending"
    assert limit_of(ana) == 500


def test_a_link_that_is_not_good_leads_nowhere(ana: Person, max_: Person, http: TestClient) -> None:
    request_id = ask(ana)
    token = token_in(mail_to(max_)[0], APPROVE)
    for at in range(len(token)):
        other = "A" if token[at] != "A" else "B"
        answer = http.get(f"/approvals/{token[:at]}{other}{token[at + 1 :]}")
        assert answer.status_code == 404
        assert "not as it was sent" in answer.text
    for junk in ("x", "%00", "a" * 5000, "..%2f..%2fetc", "é"):
        assert http.get(f"/approvals/{junk}").status_code == 404
    assert request_row(request_id).status == "pending"


@pytest.mark.parametrize("action", list(Action))
def test_the_link_of_a_mail_opens_its_request_and_the_press_decides(
    ana: Person, max_: Person, open_page: Make, action: Action
) -> None:
    request_id = ask(ana)
    token = token_in(mail_to(max_)[0], action)
    page = open_page("approvals", max_)
    for _ in range(3):  # opening and refreshing decides nothing
        follow(page, request_id, action, token)
    assert not page.exception
    assert request_row(request_id).status == "pending"
    assert page.button(f"{action}-{request_id}").proto.type == "primary"
    page.text_input(f"reason-{request_id}").set_value("Because")
    press(page, action, request_id)
    assert not page.exception
    assert request_row(request_id).status == ("approved" if action is APPROVE else "denied")
    follow(page, request_id, action, token)  # the same link again
    assert "There is nothing left to decide" in said(page)
    assert len(mail_to(ana)) == 1


def test_a_link_of_somebody_else_opens_nothing(
    ana: Person, max_: Person, person: Make, open_page: Make
) -> None:
    request_id = ask(ana)
    token = token_in(mail_to(max_)[0], APPROVE)
    for other in (ana, person(role="manager"), person()):
        page = follow(open_page("approvals", other), request_id, APPROVE, token)
        assert not page.exception
        assert "for somebody else" in page.error[0].value
        assert f"approve-{request_id}" not in [button.key for button in page.button]
    assert limit_of(ana) == 500


def test_an_expired_link_says_so(ana: Person, max_: Person, open_page: Make) -> None:
    request_id = ask(ana)
    with transaction() as connection:
        key = signing_key(connection)
    past = datetime.now(UTC) - timedelta(seconds=2)
    token = sign(key, Claims(request_id, max_.id, APPROVE, past))
    page = follow(open_page("approvals", max_), request_id, APPROVE, token)
    assert "has expired" in page.error[0].value


def test_signed_out_the_link_shows_the_sign_in_alone(
    installation: str, person: Make, open_page: Make
) -> None:
    owner = person(role="owner")
    request_id = ask(person(name="Ana", manager=owner))
    token = token_in(mail_to(owner)[0], APPROVE)
    page = follow(open_page("approvals"), request_id, APPROVE, token)
    assert "Ana" not in said(page)
    assert not [button for button in page.button if "approve" in (button.key or "")]


def test_admins_find_everybodys_requests_and_the_outbox(
    installation: str, person: Make, open_page: Make
) -> None:
    admin, max_ = person(role="admin"), person(role="manager")
    request_id = ask(person(name="Ana", manager=max_))
    page = open_page("approvals", admin)
    assert [link.label for link in page.get("page_link")] == ["Outbox: the mail about this"]
    press(page, "approve", request_id)
    assert request_row(request_id).status == "approved"


def form() -> None:
    from lib.services import budgets
    from lib.ui import increase_form
    from lib.ui.guard import guard

    who = guard()
    increase_form.draw(who, budgets.budget_of(who.id))


@pytest.fixture
def open_form(open_page: Make) -> Callable[[Person], AppTest]:
    def run(actor: Person) -> AppTest:
        page = AppTest.from_function(form)
        page.session_state["session_id"] = accounts.open_session(actor.email)
        return page.run()

    return run


def fill(page: AppTest, limit: str, why: str, month: str = "This Month") -> AppTest:
    page.text_input[0].set_value(limit)
    page.text_area[0].set_value(why)
    page.radio[0].set_value({"This Month": "this", "Next Month": "next"}[month])
    return page.button("increase-budget-send").click().run()


def test_the_form_has_the_requirements_fields(ana: Person, open_form: Make) -> None:
    page = open_form(ana)
    assert not page.exception
    assert page.text_input[0].label.replace("\\", "") == "New Monthly Limit: (current: $500.00)"
    assert page.text_area[0].label == "Justification (required)"
    assert (page.radio[0].label, page.radio[0].options) == (
        "Effective Date",
        ["This Month", "Next Month"],
    )
    assert page.caption[0].value == "Approval Required: Yes (manager must approve via email)"


@pytest.mark.parametrize(
    ("limit", "why", "told"),
    [
        ("400", "x" * 60, "must be above the current limit"),
        ("NaN", "x" * 60, "write a plain amount"),
        ("1e9", "x" * 60, "write a plain amount"),
        ("800", "x" * 49, "at least 50 characters; these are 49"),
        ("", "x" * 60, "is not an amount"),
    ],
)
def test_a_mistake_is_told_and_loses_nothing(
    ana: Person, max_: Person, open_form: Make, limit: str, why: str, told: str
) -> None:
    page = fill(open_form(ana), limit, why, "Next Month")
    assert not page.exception
    assert told in page.error[0].value.replace("\\", "")
    assert (page.text_input[0].value, page.text_area[0].value) == (limit, why)
    assert page.radio[0].value == "next"
    assert request_views.pending_of(ana) is None
    fill(page, "800", "x" * 60)
    assert not page.error
    assert len(mail_to(max_)) == 1


def test_a_sent_request_takes_the_forms_place_until_it_is_withdrawn(
    ana: Person, max_: Person, open_form: Make
) -> None:
    page = fill(open_form(ana), "1,250.50", "y" * 60)
    assert "Sent to Max" in page.success[0].value
    assert not page.text_input
    pending = request_views.pending_of(ana)
    assert pending is not None and str(pending.new_limit) == "1250.50"
    page.button(f"withdraw-{pending.id}").click().run()
    assert page.text_input
    assert budgets.budget_of(ana.id).limit == 500


def test_the_owner_is_told_in_the_form_what_to_do(
    installation: str, person: Make, open_form: Make
) -> None:
    page = fill(open_form(person(role="owner")), "800", "y" * 60)
    assert "Nobody is above the owner" in page.error[0].value


def test_a_request_that_expired_is_not_to_decide(
    ana: Person, max_: Person, open_page: Make
) -> None:
    request_id = ask(ana)
    page = open_page("approvals", max_)
    change(request_id, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    press(page, "approve", request_id)
    assert "has expired" in page.error[0].value
    assert limit_of(ana) == 500
