"""Queries about the final review: each opening is a visit (FR1.3.2's analytics)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, text, true, update

from lib.db.tables import review_visits
from lib.domain.review import BOXES, Outcome


def add(connection: Connection, visit_id: UUID, job_id: UUID, user_id: UUID) -> None:
    """A visit that begins now."""
    connection.execute(insert(review_visits).values(id=visit_id, job_id=job_id, user_id=user_id))


def end(connection: Connection, visit_id: UUID, outcome: Outcome | None, checked: int) -> None:
    """What came of a visit; without an outcome the tab was left, and may be come back to.

    A visit that has an outcome keeps it: nothing is written.
    """
    connection.execute(
        update(review_visits)
        .where(review_visits.c.id == visit_id, review_visits.c.outcome.is_(None))
        .values(outcome=outcome, checked=checked, ended_at=func.clock_timestamp())
    )


def figures(
    connection: Connection,
    since: datetime,
    until: datetime,
    user_ids: Collection[UUID] | None = None,
) -> Row:
    """One row about the visits opened from `since` to before `until`, both aware.

    They are those of `user_ids`, or everybody's.

    views, started, edited, cancelled and abandoned are counts; a visit counts as abandoned once
    its tab was left without an outcome, or a day after it was opened. median_seconds is how long
    the ended ones took, None without any; ticked is how many of those ended with 0, 1, 2 and 3 of
    the boxes ticked.
    """
    visit = review_visits.c
    left = visit.ended_at.is_not(None)
    seconds = func.extract("epoch", visit.ended_at - visit.opened_at)
    outcomes = (
        func.count().filter(visit.outcome == outcome).label(str(outcome)) for outcome in Outcome
    )
    long_open = visit.opened_at < func.now() - text("interval '1 day'")
    abandoned = and_(visit.outcome.is_(None), or_(left, long_open))
    counts = (func.count().filter(left, visit.checked == boxes) for boxes in range(BOXES + 1))
    return connection.execute(
        select(
            func.count().label("views"),
            func.percentile_cont(0.5).within_group(seconds).filter(left).label("median_seconds"),
            *outcomes,
            func.count().filter(abandoned).label("abandoned"),
            func.json_build_array(*counts).label("ticked"),
        ).where(
            visit.opened_at >= since,
            visit.opened_at < until,
            true() if user_ids is None else visit.user_id.in_(user_ids),
        )
    ).one()
