"""kill -9 at every step of launch, recovery and termination: the next worker finishes the job.

Each story is lived through once to learn its points; then once more for each of them, with a real
worker process that dies right there. In `make test` each point of a name dies once, in a soak all.
"""

import random

import pytest

from lib.domain.offers import Tier
from tests.effort import SOAK
from tests.rented.lives import Life
from tests.rented.worker_process import WorkerProcess
from tests.rented.world import (
    Clock,
    all_ended,
    attempts,
    check_the_books,
    job_rows,
    live_by_job,
    queue_job,
)
from tests.worker.helpers import ask_to_cancel, let_leases_run_out

MOVES = 120
DIED_AT: set[str] = set()


class SteadyLife(Life):
    """Ends as it is told to: the first of a story's ends for the first pod, and so on."""

    def __init__(self, *args, ends):
        super().__init__(*args, random.Random(1))
        self._end = ends.pop(0) if ends else "completed"
        self._steps_left = 4


class Story:
    """`ends`: what becomes of its pods; `faults` of RunPod; `cancel_at` which move."""

    def __init__(self, status, *ends, faults=None, cancel_at=None, attempts=1):
        self.status, self.ends, self.attempts = status, ends, attempts
        self.faults, self.cancel_at = faults or {}, cancel_at


STORIES = {
    "completed": Story("completed"),
    "interrupted": Story("completed", "evicted", attempts=2),
    "vanished at home": Story("completed", "home and vanished"),
    "damaged at home": Story("completed", "damaged", attempts=2),
    "failed": Story("failed", "out of memory"),
    "cancelled": Story("cancelled", cancel_at=6),
    "created but 500": Story("completed", faults={"create": ["done 500"]}),
    "never created": Story("completed", faults={"create": ["500"]}, attempts=2),
    "no capacity": Story("completed", faults={"create": ["capacity"]}, attempts=2),
}


@pytest.fixture
def live(rents, environment, runpod, desk):
    """`live(story, kill_at=3)`: a job's whole life, and the points that its worker passed."""

    def play(story, kill_at=0):
        clock, lives, ends = Clock(runpod), {}, list(story.ends)
        runpod.be(now=clock.now.timestamp(), log_ends=True, faults=dict(story.faults))
        job_id = queue_job(*rents, Tier.ON_DEMAND, clock.now)
        worker = WorkerProcess(environment, kill_at=kill_at)
        points, killed = worker.points, False
        for move in range(MOVES):
            for pod in clock.advance(20):
                if pod["status"] == "RUNNING" and not pod["deleted"]:
                    if pod["id"] not in lives:
                        lives[pod["id"]] = SteadyLife(runpod, desk, pod, ends=ends)
                    lives[pod["id"]].go_on(clock.now)
            if move == story.cancel_at:
                ask_to_cancel(job_id)
            if not worker.tick(clock.now):
                killed = True
                let_leases_run_out()
                worker = WorkerProcess(environment)
            assert all(len(names) == 1 for names in live_by_job(runpod.pods).values())
            if all_ended([job_id]) and not runpod.live:
                break
        worker.end()
        assert killed == bool(kill_at), "the point was never reached"
        check(story, job_id, runpod)
        return points

    return play


def check(story, job_id, runpod):
    [job] = job_rows([job_id])
    assert (job.status, runpod.live) == (story.status, [])
    assert len(runpod.asked_to_create) <= len(attempts(job_id)) <= story.attempts + 1
    assert len({pod["name"] for pod in runpod.pods}) == len(runpod.pods)
    check_the_books([job_id])


@pytest.mark.parametrize("name", STORIES)
def test_wherever_the_worker_is_killed_the_job_ends_as_it_should(live, name):
    points = live(STORIES[name])
    assert len(set(points)) > 8
    for number, point in enumerate(points, 1):
        if SOAK or point not in DIED_AT:
            DIED_AT.add(point)
            live(STORIES[name], kill_at=number)


def test_the_worker_has_died_at_every_step():
    """Of launch, recovery and termination, before and after what each of them does."""
    if len(DIED_AT) < 8:
        pytest.skip("not all of the stories were told")
    for step in (
        "before a commit in launching.launch",
        "after a commit in launching.launch",
        "before POST in launching._submit",
        "after POST in launching._submit",
        "before a commit in launching._write_started",
        "before GET in launching.resolve_doubt",
        "before a commit in launching.resolve_doubt",
        "before a commit in launching._write_not_started",
        "before a commit in following.follow",
        "after a commit in following.follow",
        "before DELETE in concluding._terminate",
        "after DELETE in concluding._terminate",
        "before a commit in concluding._archive",
        "before a commit in concluding.conclude",
        "after a commit in concluding.conclude",
        "before a commit in concluding.cancel",
    ):
        assert step in DIED_AT, (step, sorted(DIED_AT))
