"""What a month will come to, and how near earlier words about it were (FR1.2.2)."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lib.domain.budget import Budget, next_month
from lib.domain.spending import ACCURACY_MONTHS, LEAST_DAYS, forecast_accuracy, project

AMOUNTS = st.decimals(0, 10_000, places=2)
DAYS = st.lists(AMOUNTS, min_size=LEAST_DAYS, max_size=28)
LEFT = st.integers(1, 30)


def month(spent: Decimal | str = "100.00", reserved: Decimal | str = "20.00") -> Budget:
    return Budget(
        month=date(2026, 11, 1),
        limit=Decimal("500.00"),
        grace_percent=Decimal(10),
        spent=Decimal(spent),
        reserved=Decimal(reserved),
        active_jobs=1,
    )


def in_order(count: int, *, begin: date = date(2025, 11, 1)) -> list[date]:
    found = [begin]
    while len(found) < count:
        found.append(next_month(found[-1]))
    return found


def test_the_days_left_are_expected_to_be_like_the_last_ones() -> None:
    # A mean of $4.00 a day over ten days left is $40.00; half the days $2.00 away from it swing
    # by 1.2816 x $2.00 x the root of ten, which is $8.11.
    projection = project(month(), [Decimal(2), Decimal(6)] * 7, 10)
    assert projection.expected == Decimal("160.00")
    assert (projection.least, projection.most) == (Decimal("151.89"), Decimal("168.11"))
    assert projection.basis == "spent, reserved, and 10 more days like the last 14"


def test_with_less_than_a_week_behind_it_nothing_more_is_expected() -> None:
    projection = project(month(), [Decimal(50)] * (LEAST_DAYS - 1), 10)
    assert projection.expected == projection.least == projection.most == Decimal("120.00")
    assert "too few days" in projection.basis


@given(AMOUNTS, AMOUNTS, DAYS)
def test_a_month_that_has_passed_comes_to_what_it_came_to(
    spent: Decimal, reserved: Decimal, daily: list[Decimal]
) -> None:
    projection = project(month(spent, reserved), daily, 0)
    assert projection.expected == projection.least == projection.most == spent + reserved
    assert projection.basis.endswith("no further day of the month is to come")


@given(AMOUNTS, AMOUNTS, DAYS, LEFT)
def test_no_projection_is_below_what_is_committed(
    spent: Decimal, reserved: Decimal, daily: list[Decimal], left: int
) -> None:
    projection = project(month(spent, reserved), daily, left)
    assert spent + reserved <= projection.least <= projection.expected <= projection.most


@given(DAYS, LEFT, st.randoms(use_true_random=False))
def test_the_order_of_the_days_does_not_matter(
    daily: list[Decimal], left: int, dice: object
) -> None:
    mixed = list(daily)
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert project(month(), mixed, left) == project(month(), daily, left)


@given(AMOUNTS, st.integers(LEAST_DAYS, 28), LEFT)
def test_days_that_are_all_alike_leave_no_band(a_day: Decimal, behind: int, left: int) -> None:
    projection = project(month(), [a_day] * behind, left)
    assert projection.least == projection.expected == projection.most == 120 + a_day * left


def test_the_accuracy_is_the_mean_distance_from_what_months_came_to() -> None:
    september, october, november = in_order(3)
    found = forecast_accuracy(
        {september: Decimal(110), october: Decimal(94), november: Decimal(40)},
        {september: Decimal(100), october: Decimal(100), november: Decimal(0)},
    )
    assert found is not None  # 10 % above, 6 % below; a month that cost nothing is left out
    assert (found.error, found.months) == (Decimal("0.08"), 2)
    assert found.text == "Budget forecasts have been within ±8% for past 2 months"


def test_without_a_month_that_has_both_there_is_no_word_about_accuracy() -> None:
    one, other = in_order(2)
    assert forecast_accuracy({}, {one: Decimal(5)}) is None
    assert forecast_accuracy({one: Decimal(5)}, {other: Decimal(5)}) is None
    assert forecast_accuracy({one: Decimal(5)}, {one: Decimal(0)}) is None


def test_one_month_is_said_in_the_singular() -> None:
    (one,) = in_order(1)
    found = forecast_accuracy({one: Decimal(125)}, {one: Decimal(100)})
    assert found is not None
    assert found.text == "Budget forecasts have been within ±25% for past month"


@given(st.lists(st.tuples(AMOUNTS, st.decimals("0.01", 10_000, places=2)), min_size=7, max_size=24))
def test_only_the_newest_months_count(pairs: list[tuple[Decimal, Decimal]]) -> None:
    months = in_order(len(pairs))
    projected = dict(zip(months, (pair[0] for pair in pairs), strict=True))
    actual = dict(zip(months, (pair[1] for pair in pairs), strict=True))
    found = forecast_accuracy(projected, actual)
    assert found is not None and found.months == ACCURACY_MONTHS
    newest = months[-ACCURACY_MONTHS:]
    assert found == forecast_accuracy({one: projected[one] for one in newest}, actual)
    assert found.error >= 0


@given(st.lists(st.decimals("0.01", 10_000, places=2), min_size=1, max_size=6))
def test_a_forecast_that_came_true_has_no_error(amounts: list[Decimal]) -> None:
    months = dict(zip(in_order(len(amounts)), amounts, strict=True))
    found = forecast_accuracy(months, months)
    assert found is not None and found.error == 0
