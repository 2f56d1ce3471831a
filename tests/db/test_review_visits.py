"""Visits of the final check: one outcome each, and figures that count what there is."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row, update

from lib.db import review_visits
from lib.db.connection import transaction
from lib.db.tables import review_visits as table
from lib.domain.people import Person
from lib.domain.review import Outcome
from lib.services.drafts import OpenDraft

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def visit(
    draft: Callable[..., OpenDraft], person: Callable[..., Person]
) -> Iterator[Callable[..., UUID]]:
    """`visit("started", seconds=40, checked=3)`, in a time of its own."""
    ana = person()
    opened = draft(ana)

    def make(outcome: str | None = None, *, checked: int = 0, seconds: int | None = 0) -> UUID:
        visit_id = uuid4()
        with transaction() as connection:
            review_visits.add(connection, visit_id, opened.job_id, ana.id)
            values: dict[str, Any] = {"opened_at": LONG_AGO}
            if seconds is not None:
                review_visits.end(
                    connection, visit_id, Outcome(outcome) if outcome else None, checked
                )
                values["ended_at"] = LONG_AGO + timedelta(seconds=seconds)
            connection.execute(update(table).where(table.c.id == visit_id).values(**values))
        return visit_id

    yield make
    with transaction() as connection:
        connection.execute(table.delete().where(table.c.user_id == ana.id))


def figures(since: datetime = LONG_AGO) -> Row:
    with transaction() as connection:
        return review_visits.figures(connection, since, LONG_AGO + timedelta(days=1))


def test_visits_are_counted_by_their_outcome_with_time_and_boxes(visit: Any) -> None:
    visit("started", checked=3, seconds=40)
    visit("started", checked=3, seconds=60)
    visit("edited", checked=1, seconds=20)
    visit("cancelled", checked=0, seconds=5)
    visit(None, checked=2, seconds=30)  # its tab was closed
    visit(None, seconds=None)  # it never said a word

    found = figures()

    assert (found.views, found.started, found.edited, found.cancelled) == (6, 2, 1, 1)
    assert found.abandoned == 2
    assert found.median_seconds == 30
    assert found.ticked == [1, 1, 1, 2]


def test_without_visits_there_is_no_median(database: object) -> None:
    found = figures(LONG_AGO + timedelta(hours=1))
    assert (found.views, found.median_seconds, found.ticked) == (0, None, [0, 0, 0, 0])


def test_a_tab_that_was_left_may_be_come_back_to_but_an_outcome_stands(visit: Any) -> None:
    visit_id = visit(None, checked=1)
    for outcome, checked in ((Outcome.STARTED, 3), (Outcome.CANCELLED, 0), (None, 0)):
        with transaction() as connection:
            review_visits.end(connection, visit_id, outcome, checked)
    found = figures()
    assert (found.started, found.cancelled, found.abandoned) == (1, 0, 0)
    assert found.ticked == [0, 0, 0, 1]
