"""The edges of a billing month: midnight where the books are kept, whatever the clock does."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.domain.budget import billing_month, next_month

AUCKLAND, NEW_YORK = ZoneInfo("Pacific/Auckland"), ZoneInfo("America/New_York")
ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu")]
    + [AUCKLAND, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/Sao_Paulo")]
)
MONTHS = st.dates(date(2000, 1, 1), date(2100, 12, 31)).map(lambda day: day.replace(day=1))
A_SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("zone", "moment", "month"),
    [
        # New Zealand's summer is 13 hours ahead: the 31st of January ends at 11:00 UTC.
        (AUCKLAND, datetime(2026, 1, 31, 10, 59, 59, tzinfo=UTC), date(2026, 1, 1)),
        (AUCKLAND, datetime(2026, 1, 31, 11, 0, 0, tzinfo=UTC), date(2026, 2, 1)),
        # Its winter is 12 hours ahead.
        (AUCKLAND, datetime(2026, 7, 31, 11, 59, 59, tzinfo=UTC), date(2026, 7, 1)),
        (AUCKLAND, datetime(2026, 7, 31, 12, 0, 0, tzinfo=UTC), date(2026, 8, 1)),
        # New York's 31st of October ends at 04:00 UTC, the night before its clocks go back.
        (NEW_YORK, datetime(2026, 11, 1, 3, 59, 59, tzinfo=UTC), date(2026, 10, 1)),
        (NEW_YORK, datetime(2026, 11, 1, 4, 0, 0, tzinfo=UTC), date(2026, 11, 1)),
        (NEW_YORK, datetime(2027, 1, 1, 4, 59, 59, tzinfo=UTC), date(2026, 12, 1)),
        (NEW_YORK, datetime(2027, 1, 1, 5, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_the_last_second_of_a_month_is_the_billing_zones(
    zone: ZoneInfo, moment: datetime, month: date
) -> None:
    assert billing_month(moment, zone) == month


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        (NEW_YORK, date(2026, 3, 8)),  # 02:00 is 03:00
        (NEW_YORK, date(2026, 11, 1)),  # 01:00 to 02:00 comes twice, on the first of a month
        (AUCKLAND, date(2026, 4, 5)),
        (AUCKLAND, date(2026, 9, 27)),
        (ZoneInfo("America/Sao_Paulo"), date(2018, 11, 4)),  # 00:00 does not exist
    ],
)
def test_a_night_in_which_the_clocks_change_is_of_one_month(zone: ZoneInfo, night: date) -> None:
    noon_before = datetime.combine(night, datetime.min.time(), UTC) - timedelta(hours=12)
    each_half_hour = [noon_before + n * timedelta(minutes=30) for n in range(96)]
    months = [
        billing_month(moment, zone)
        for moment in each_half_hour
        if moment.astimezone(zone).date() == night
    ]
    assert len(months) in (46, 48, 50)  # 23, 24 or 25 hours
    assert set(months) == {night.replace(day=1)}


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), date(2028, 2, 1)),
        (datetime(2028, 3, 1, 0, 0, 0, tzinfo=UTC), date(2028, 3, 1)),
        (datetime(2100, 2, 28, 23, 59, 59, tzinfo=UTC), date(2100, 2, 1)),  # not a leap year
        (datetime(2100, 3, 1, 0, 0, 0, tzinfo=UTC), date(2100, 3, 1)),
    ],
)
def test_february_ends_on_its_last_day(moment: datetime, month: date) -> None:
    assert billing_month(moment, ZoneInfo("UTC")) == month


@given(MONTHS, ZONES)
@example(date(2028, 2, 1), AUCKLAND)
@example(date(2018, 11, 1), ZoneInfo("America/Sao_Paulo"))
def test_a_month_goes_on_until_the_next_begins(month: date, zone: ZoneInfo) -> None:
    following = next_month(month)
    assert following.day == 1
    begin = datetime.combine(following, datetime.min.time(), zone).astimezone(UTC)
    assert billing_month(begin, zone) == following
    assert billing_month(begin - A_SECOND, zone) == month
    assert next_month(billing_month(begin - A_SECOND, zone)) == billing_month(begin, zone)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=ZONES), ZONES)
def test_the_same_moment_is_in_the_same_month_however_it_is_written(
    moment: datetime, zone: ZoneInfo
) -> None:
    assert billing_month(moment, zone) == billing_month(moment.astimezone(UTC), zone)
