"""A worker killed at each point of a job's life, one after the other: the next one finishes it."""

from contextlib import contextmanager

import pytest
from sqlalchemy import func, select

from lib.db.connection import reading, transaction
from lib.db.tables import budget_audit_log
from lib.domain.states import TERMINAL
from lib.worker import concluding, leases, reconcile
from lib.worker.reconcile import Reconciler
from tests.worker.helpers import (
    ask_to_cancel,
    attempts_of,
    job_row,
    let_leases_run_out,
    settled_cost,
)

MOST_POINTS = 200


class Killed(BaseException):
    """Goes through everything, as kill -9 does."""


class Fuse:
    """Kills at the n-th point that is passed; points are around commits and engine requests."""

    def __init__(self) -> None:
        self.left = 0

    def point(self, _request: str = "") -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    @contextmanager
    def transaction(self):
        self.point()
        with transaction() as connection:
            yield connection
            self.point()
        self.point()


@pytest.fixture
def fuse(fake, monkeypatch):
    fuse = Fuse()
    for module in (leases, reconcile):
        monkeypatch.setattr(module, "transaction", fuse.transaction)
    archive = concluding.archive_adapter

    def fused_archive(job_id):
        fuse.point()
        packed = archive(job_id)
        fuse.point()
        return packed

    monkeypatch.setattr(concluding, "archive_adapter", fused_archive)
    fake.before = fake.after = fuse.point
    return fuse


def live_through(fuse, queue, point, *, cancel):
    """A job's whole life, with the worker killed at a point. Whether the point was reached."""
    job_id, worker, killed, ticks = queue(), Reconciler(), False, 0
    fuse.left = point
    while job_row(job_id).status not in TERMINAL:
        ticks += 1
        assert ticks < 20
        if cancel and ticks == 3:
            ask_to_cancel(job_id)
        try:
            worker.tick()
        except Killed:
            killed, worker = True, Reconciler()
            let_leases_run_out()
    return job_id, killed


@pytest.mark.parametrize("cancel", [False, True])
def test_wherever_the_worker_is_killed_the_job_ends_as_it_should(fuse, fake, queue, cancel):
    fake.finish_after = None if cancel else 1
    for point in range(1, MOST_POINTS):
        fake.submitted.clear()
        job_id, killed = live_through(fuse, queue, point, cancel=cancel)
        job, attempts = job_row(job_id), attempts_of(job_id)
        assert job.status == ("cancelled" if cancel else "completed"), point
        assert (fake.list_owned(), fake.most_at_once) == ([], 1), point
        assert [row.external_name for row in attempts if row.outcome != "lost"] == fake.submitted
        assert len(attempts) <= 2, point
        assert settled_cost(job_id) == job.actual_cost, point
        assert settlements(job_id) == 1, point
        if not killed:
            break
    assert 20 < point < MOST_POINTS - 1


def settlements(job_id) -> int:
    with reading() as connection:
        return connection.scalar(
            select(func.count())
            .select_from(budget_audit_log)
            .where(budget_audit_log.c.job_id == job_id)
        )
