"""When a pod ends its trainer, and from when its time counts."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trainer.pod.limits import Pace, Watch, Why, seconds_left

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PACE = Pace()


def story(
    watch: Watch, until: int, alive: int = 10**9, *, evicted: bool = False
) -> dict[int, signal.Signals]:
    """What is sent at which second, to a trainer that shows signs of life until `alive`."""
    sent = {}
    for now in range(until):
        number = watch.decide(now, min(now, alive), evicted=evicted, withdrawn=False)
        if number is not None:
            sent[now] = number
    return sent


def test_the_trainer_has_120_seconds_to_stop_and_60_more_to_save() -> None:
    watch = Watch(1000, 600, PACE)
    assert story(watch, 2000) == {1120: signal.SIGTERM, 1180: signal.SIGKILL}
    assert watch.why is Why.LIMIT


def test_silence_ends_the_trainer() -> None:
    watch = Watch(10**6, 600, PACE)
    assert story(watch, 2000, alive=100) == {700: signal.SIGTERM, 760: signal.SIGKILL}
    assert watch.why is Why.STUCK


def test_an_eviction_is_passed_on_at_once() -> None:
    watch = Watch(10**6, 600, PACE)
    assert story(watch, 10, evicted=True) == {0: signal.SIGTERM}
    assert watch.why is Why.EVICTED


def test_nothing_is_sent_to_a_trainer_that_is_in_order() -> None:
    assert story(Watch(1000, 600, PACE), 1000) == {}


def test_the_time_counts_from_the_order(tmp_path: Path) -> None:
    ordered = NOW - timedelta(minutes=10)
    assert seconds_left(3600, ordered, NOW, tmp_path / "run" / "mark") == 3000


def test_a_clock_that_is_hours_apart_is_not_believed(tmp_path: Path) -> None:
    for number, hours in enumerate((-5, 5)):
        ordered = NOW + timedelta(hours=hours)
        assert seconds_left(3600, ordered, NOW, tmp_path / str(number)) == 3600
    assert seconds_left(3600, None, NOW, tmp_path / "none") == 3600


def test_a_container_that_restarts_does_not_begin_its_time_anew(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    seconds_left(9000, NOW, NOW, mark)
    assert seconds_left(9000, NOW, NOW + timedelta(hours=2), mark) == 1800
    assert seconds_left(9000, NOW, NOW + timedelta(hours=3), mark) < 0
