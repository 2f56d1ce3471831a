"""Turns go to whoever has waited longest, and no oftener than is said."""

from datetime import UTC, datetime, timedelta

from lib.engines.turns import Turns


class Clock:
    now = datetime(2026, 11, 24, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_everybody_who_keeps_asking_gets_the_same_number_of_turns() -> None:
    clock = Clock()
    turns = Turns(timedelta(seconds=7), clock)
    taken = dict.fromkeys("abcde", 0)
    for _ in range(100):
        for name in taken:
            taken[name] += turns.take(name)
        clock.now += timedelta(seconds=7)
    assert sum(taken.values()) == 100
    assert set(taken.values()) <= {19, 20, 21}  # the first to come had nobody to wait for


def test_turns_come_no_oftener_than_is_said() -> None:
    clock = Clock()
    turns = Turns(timedelta(seconds=7), clock)
    taken = 0
    for _ in range(70):
        taken += sum(turns.take(name) for name in "abc")
        clock.now += timedelta(seconds=1)
    assert taken <= 10


def test_who_asks_no_longer_is_not_waited_for() -> None:
    clock = Clock()
    turns = Turns(timedelta(seconds=7), clock)
    assert turns.take("a")
    assert not turns.take("gone")
    clock.now += timedelta(seconds=7)
    assert not turns.take("a")  # the other one's turn
    clock.now += timedelta(seconds=60)
    assert turns.take("a")


def test_who_has_had_a_turn_or_left_holds_up_nobody() -> None:
    clock = Clock()
    turns = Turns(timedelta(seconds=7), clock)
    assert turns.take("a")
    assert not turns.take("gone")
    turns.forget("gone")
    clock.now += timedelta(seconds=7)
    assert turns.take("b")
