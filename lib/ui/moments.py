"""Moments and durations as people read them, in the billing time zone."""

from datetime import datetime

from lib.settings import settings

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def local(moment: datetime) -> datetime:
    """An aware moment on the billing time zone's clock."""
    return moment.astimezone(settings().time_zone)


def clock(moment: datetime, now: datetime) -> str:
    """`12:03:11` where it is the same day as now, else `22 Nov, 12:03`."""
    same_day = local(moment).date() == local(now).date()
    return f"{local(moment):%H:%M:%S}" if same_day else f"{local(moment):%d %b, %H:%M}"


def date_and_time(moment: datetime) -> str:
    """`24 Nov 2026, 12:03`."""
    return f"{local(moment):%d %b %Y, %H:%M}"


def span(seconds: float) -> str:
    """A duration in its two largest units: `45 s`, `3 min 05 s`, `2 h 14 min`, `9 d 18 h`."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR:02d} h"
