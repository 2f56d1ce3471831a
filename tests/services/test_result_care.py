"""What rented runs have brought goes when it is no longer needed, and not before."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from lib.object_storage import object_storage
from lib.services import pod_exchange, result_care
from lib.settings import settings
from tests.rented_runs import ADAPTER_TAR, RentedRun, age_job
from tests.services.test_pod_exchange import store

Make = Callable[..., Any]


def put(key: str, content: bytes = b"x") -> None:
    upload = object_storage().upload(key)
    upload.write(content)
    upload.commit()


def names(run: RentedRun) -> set[str]:
    there = [one.key.partition("/")[2] for one in object_storage().objects(str(run.job_id))]
    return {name.removesuffix(".tar").rsplit(".", 1)[-1] for name in there}


def filled(run: RentedRun) -> RentedRun:
    put(f"{run.job_id}/{pod_exchange.SEQUENCES}")
    store(run, "checkpoint-5.tar", b"c")
    store(run, "adapter.tar", ADAPTER_TAR)
    return run


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def test_all_of_a_job_goes_some_days_after_its_end(any_storage: str, rented_run: Make) -> None:
    live, fresh, old = (filled(rented_run()) for _ in range(3))
    fresh.end_job(ago(hours=1))
    old.end_job(ago(days=1))
    age_job(old.job_id, ago(days=settings().run_results_days, minutes=1))
    for _ in range(2):
        result_care.tend()
        assert names(live) == {"jsonl", "checkpoint-5", "adapter"}
        assert names(fresh) == {"checkpoint-5", "adapter"}  # the data have been learned from
        assert (names(old), old.results) == (set(), [])
        assert len(live.results) == len(fresh.results) == 2


def test_what_a_live_job_goes_on_from_stays(rented_run: Make) -> None:
    first = filled(rented_run())
    first.end_job(ago(days=1))
    second = rented_run(continues=first.job_id)
    second.end_job(ago(days=1))
    third = rented_run(continues=second.job_id)
    for one in (first, second):
        age_job(one.job_id, ago(days=100))
    result_care.tend()
    assert "checkpoint-5" in names(first)
    third.end_job(ago(seconds=1))
    result_care.tend()
    assert (names(first), first.results) == (set(), [])


@pytest.mark.parametrize("days", [0.9, 1.1])
def test_uploads_that_nobody_claimed_go_after_a_day(rented_run: Make, days: float) -> None:
    run = filled(rented_run())
    for name in (f"{'a' * 64}.adapter.tar", f"{'b' * 64}.adapter.tar.123.part"):
        put(f"{run.job_id}/{name}")
    folder = settings().data_path / "pods" / str(run.job_id)
    for path in folder.iterdir():
        os.utime(path, (ago(days=days).timestamp(),) * 2)
    result_care.tend()
    left = {path.name[:1] for path in folder.iterdir() if path.name[:64] in ("a" * 64, "b" * 64)}
    assert left == (set() if days > 1 else {"a", "b"})
    assert {"jsonl", "checkpoint-5", "adapter"} <= names(run)


def test_folders_of_others_are_left_alone(rented_run: Make) -> None:
    stranger = str(uuid4())
    put(f"{stranger}/adapter.tar")
    put("something/else")
    result_care.tend()
    assert {stranger, "something"} <= set(object_storage().folders())


def test_without_anything_stored_it_looks_for_nothing(configure: Make, tmp_path: Any) -> None:
    from lib.db import connection as db

    db.dispose()
    configure(DATA_DIR=tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    try:
        result_care.tend()
    finally:
        db.dispose()
