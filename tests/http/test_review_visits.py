"""The request that a browser sends by itself when the tab of an open final check goes."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lib.db.connection import transaction
from lib.db.tables import review_visits as table
from lib.domain.review import Outcome
from lib.http.routes import ROUTES
from lib.services import review_visits


@pytest.fixture
def http(database: Any) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=list(ROUTES))) as client:
        yield client


@pytest.fixture
def visit(person: Callable[..., Any], draft: Callable[..., Any]) -> UUID:
    ana = person()
    return review_visits.opened(ana, draft(ana).job_id)


def stored(visit_id: UUID) -> Any:
    with transaction() as connection:
        return connection.execute(select(table).where(table.c.id == visit_id)).one()


def test_a_tab_that_goes_leaves_time_and_boxes_and_no_outcome(
    http: TestClient, visit: UUID
) -> None:
    assert http.post(f"/review-visits/{visit}", content="2").status_code == 204
    found = stored(visit)
    assert (found.checked, found.outcome) == (2, None)
    assert found.ended_at > found.opened_at


def test_it_changes_no_visit_that_has_ended(http: TestClient, visit: UUID) -> None:
    review_visits.left(visit, Outcome.STARTED, 3)
    assert http.post(f"/review-visits/{visit}", content="0").status_code == 204
    assert (stored(visit).outcome, stored(visit).checked) == ("started", 3)


@pytest.mark.parametrize("body", ["", "4", "x", "11", "-1", "2" * 100_000])
def test_what_is_no_number_of_boxes_changes_nothing(
    http: TestClient, visit: UUID, body: str
) -> None:
    assert http.post(f"/review-visits/{visit}", content=body).status_code == 400
    assert stored(visit).ended_at is None


def test_an_unknown_visit_is_nobodys_business(http: TestClient) -> None:
    assert http.post(f"/review-visits/{uuid4()}", content="1").status_code == 204
    assert http.post("/review-visits/none", content="1").status_code == 400
    assert http.get(f"/review-visits/{uuid4()}").status_code == 405
