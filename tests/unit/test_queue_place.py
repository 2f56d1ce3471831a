"""A waiting job's expected start: against a simulation second by second, and what must hold."""

from hypothesis import given
from hypothesis import strategies as st

from lib.domain.queue_place import Ahead, seconds_until_start

durations = st.lists(st.integers(1, 30), max_size=6)
places = st.integers(1, 4)


def simulated(places: int, running: list[int], waiting: list[int]) -> int:
    """Lets the seconds pass one by one: ended runs leave, the first in line goes in."""
    runs, queue, second = list(running), [*waiting, None], 0
    while True:
        while len(runs) < places:
            following = queue.pop(0)
            if following is None:
                return second
            runs.append(following)
        second += 1
        runs = [left - 1 for left in runs if left > 1]


@given(places, durations, durations)
def test_it_is_what_a_simulation_finds(places: int, running: list[int], waiting: list[int]) -> None:
    assert seconds_until_start(Ahead(places, running, waiting)) == simulated(
        places, running, waiting
    )


@given(places, durations, durations, st.integers(1, 30))
def test_one_more_job_before_never_makes_it_earlier(
    places: int, running: list[int], waiting: list[int], more: int
) -> None:
    before = seconds_until_start(Ahead(places, running, waiting))
    after = seconds_until_start(Ahead(places, running, [*waiting, more]))
    assert before is not None and after is not None and after >= before


@given(places, durations, durations)
def test_one_more_place_never_makes_it_later(
    places: int, running: list[int], waiting: list[int]
) -> None:
    before = seconds_until_start(Ahead(places, running, waiting))
    after = seconds_until_start(Ahead(places + 1, running, waiting))
    assert before is not None and after is not None and after <= before


@given(durations, durations)
def test_with_one_place_and_one_run_it_is_the_sum(running: list[int], waiting: list[int]) -> None:
    assert seconds_until_start(Ahead(1, running[:1], waiting)) == sum(running[:1]) + sum(waiting)


def test_a_place_that_is_free_is_taken_now_whatever_is_not_known() -> None:
    assert seconds_until_start(Ahead(3, [None], [None])) == 0
    assert seconds_until_start(Ahead(None, [None, None], [None])) == 0


def test_what_is_not_known_is_not_made_up() -> None:
    assert seconds_until_start(Ahead(1, [None], [])) is None
    assert seconds_until_start(Ahead(1, [5], [None])) is None


def test_the_place_counts_those_who_wait() -> None:
    assert Ahead(1, [5], []).place == 1
    assert Ahead(1, [5], [3, 3]).place == 3
