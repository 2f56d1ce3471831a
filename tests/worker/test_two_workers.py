"""Several workers on one database: each job is run once, and a late worker changes nothing."""

from threading import Barrier, Event, Thread

import pytest
from sqlalchemy import select

from lib.db import jobs, work
from lib.db.connection import reading
from lib.db.tables import job_attempts, job_events, job_metrics, training_jobs
from lib.engines.names import run_name
from lib.worker.launching import launch
from lib.worker.reconcile import Reconciler, take
from tests.worker.helpers import attempts_of, job_row, let_leases_run_out


def test_three_workers_run_many_jobs_once_each_within_the_engines_capacity(fake, queue):
    fake.places, fake.finish_after = 3, 2
    queued = [queue() for _ in range(10)]
    together, errors = Barrier(3), []

    def work_on():
        worker = Reconciler()
        together.wait()
        try:
            while any(job_row(job_id).status != "completed" for job_id in queued):
                worker.tick()
        except BaseException as error:
            errors.append(error)
            raise

    threads = [Thread(target=work_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(fake.submitted) == len(set(fake.submitted)) == len(queued)
    assert all(len(attempts_of(job_id)) == 1 for job_id in queued)
    assert fake.most_at_once == 3


def test_two_launches_at_the_same_moment_do_not_share_the_last_place(fake, queue, monkeypatch):
    fake.places = 1
    first, second = queue(), queue()
    leases = {job_id: take(job_id) for job_id in (first, second)}
    jobs_before, counting, launched = work.jobs_before, Event(), Event()

    def slow(connection, job):
        """The second job has seen the place free; now the first one tries to take it."""
        if job.id == second:
            counting.set()
            launched.wait(0.5)
        return jobs_before(connection, job)

    monkeypatch.setattr(work, "jobs_before", slow)
    late = Thread(target=launch, args=(leases[second],))
    late.start()
    assert counting.wait(10)
    launch(leases[first])
    launched.set()
    late.join(30)
    assert fake.submitted == [run_name(first, 1)]


def test_a_job_that_one_worker_holds_is_not_given_to_another(fake, queue):
    job_id = queue()
    assert take(job_id) is not None
    assert take(job_id) is None
    let_leases_run_out()
    assert take(job_id) is not None


@pytest.fixture
def late_write(fake, queue):
    """What is in the database before and after the write-back of a worker that lost its lease.

    It reads that a run trains, and stalls. Another worker then sees the run interrupted and
    starts the next attempt; after that the first one goes on.
    """

    def act():
        queue()
        late, other = Reconciler(), Reconciler()
        late.tick()
        [name] = fake.submitted
        fake.start(name)
        fake.step(name, 4)
        before = []

        def stall(request):
            if request == "observe" and not before:
                before.append(None)
                let_leases_run_out()
                fake.interrupt(name)
                other.tick()
                other.tick()
                before[0] = everything()

        fake.after = stall
        late.tick()
        return before[0], everything()

    return act


def everything():
    tables = (training_jobs, job_attempts, job_events, job_metrics)
    with reading() as connection:
        return [connection.execute(select(table)).all() for table in tables]


def test_a_worker_that_lost_its_lease_writes_nothing(late_write, fake):
    before, after = late_write()
    assert after == before
    assert len(fake.submitted) == 2


def test_without_the_check_of_the_token_the_late_worker_would_write(late_write, monkeypatch):
    """Shows that the test above can fail."""
    monkeypatch.setattr(
        work, "held_job", lambda connection, id_, _token: jobs.lock(connection, id_)
    )
    before, after = late_write()
    assert after != before
