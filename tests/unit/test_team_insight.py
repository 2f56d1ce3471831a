"""Periods, shares and changes of the team dashboard."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.history import Share
from lib.domain.team_insight import (
    Figures,
    Period,
    ReviewFigures,
    Span,
    change_in_percent,
    change_in_points,
    period_of,
    used,
)

DAYS = st.dates(date(2000, 1, 1), date(2999, 12, 31))


def review(**values: object) -> ReviewFigures:
    nothing = {"views": 0, "median_seconds": None, "ticked": (0, 0, 0, 0), "started": 0}
    return ReviewFigures(**(nothing | {"edited": 0, "cancelled": 0, "abandoned": 0} | values))


@pytest.mark.parametrize(
    ("span", "first"),
    [
        (Span.MONTH, date(2026, 11, 1)),
        (Span.DAYS, date(2026, 10, 26)),
        (Span.QUARTER, date(2026, 10, 1)),
        (Span.YEAR, date(2026, 1, 1)),
    ],
)
def test_a_span_ends_today(span: Span, first: date) -> None:
    assert period_of(span, date(2026, 11, 24)) == Period(first, date(2026, 11, 24))


@given(today=DAYS, span=st.sampled_from(list(Span)))
def test_every_span_has_a_first_day_and_the_period_before_ends_right_before_it(
    today: date, span: Span
) -> None:
    period = period_of(span, today)
    assert period.first <= today == period.last
    assert period.before.days == period.days
    assert period.before.last + timedelta(days=1) == period.first


def test_a_period_that_ends_before_it_begins_names_the_field() -> None:
    with pytest.raises(ValueError, match="until: 2026-11-01 is before 2026-11-02"):
        Period(date(2026, 11, 2), date(2026, 11, 1))


def test_completeness_is_documented_jobs_of_all() -> None:
    found = Figures(jobs=8, documented=3, described=5, noted=4, completed=6, failed=1, tagged=2)
    assert found.completeness == Share(3, 8)
    assert (found.undocumented, found.untagged) == (5, 6)
    assert found.completed_share == Share(6, 8)
    assert found.success == Share(6, 7)


def test_without_jobs_there_are_no_shares() -> None:
    none = Figures()
    assert none.completeness is none.completed_share is none.success is none.inside_share is None
    assert none.mean_error is none.difference is None


def test_estimates_are_held_against_what_jobs_came_to() -> None:
    found = Figures(
        compared=4,
        inside=3,
        error_sum=Decimal("0.40"),
        estimated=Decimal("200.00"),
        actual=Decimal("190.00"),
    )
    assert found.inside_share == Share(3, 4)
    assert found.mean_error == Decimal("0.1")
    assert found.difference == Decimal("-0.05")


def test_changes_are_told_with_their_sign() -> None:
    assert change_in_percent(9, 8) == "+12.5 %"
    assert change_in_percent(Decimal("50.00"), Decimal("100.00")) == "-50.0 %"
    assert change_in_percent(5, 5) == "no change"
    assert change_in_percent(5, 0) is None
    assert change_in_points(Share(1, 2), Share(3, 4)) == "-25.0 points"
    assert change_in_points(None, Share(3, 4)) is None


def test_tags_are_in_the_order_of_their_use() -> None:
    october, november = date(2026, 10, 1), date(2026, 11, 1)
    found = used([("poc", october, 1), ("test", november, 3), ("poc", november, 2)])
    assert [(use.tag, use.jobs) for use in found] == [("poc", 3), ("test", 3)]
    assert found[0].by_month == {october: 1, november: 2}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "no visit has ended yet"),
        (29.9, "quicker than the wished 30 to 60 s"),
        (30.0, "within the wished 30 to 60 s"),
        (60.0, "within the wished 30 to 60 s"),
        (61.0, "longer than the wished 30 to 60 s"),
    ],
)
def test_the_reviews_median_is_held_against_what_is_wished(
    seconds: float | None, words: str
) -> None:
    assert review(median_seconds=seconds).pace == words


def test_shares_of_the_review_are_of_decided_visits() -> None:
    seen = review(views=12, ticked=(1, 0, 1, 6), started=6, edited=2, cancelled=1, abandoned=1)
    assert seen.all_ticked == Share(6, 8)
    assert seen.share(seen.edited) == Share(2, 10)  # two are still open
    assert review().all_ticked is None
