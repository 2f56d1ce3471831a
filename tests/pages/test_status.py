"""The status page: what stands in the database, what is wrong and what to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from lib.db import activity, periodic, system_status
from lib.db.connection import transaction
from lib.db.tables import periodic_tasks, workers
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import backups
from tests.pages.conftest import figures, said

Make = Callable[..., Any]


@pytest.fixture
def owner(installation: str, person: Make) -> Person:
    return person(role="owner", name="Ada", email="ada@example.com")


def be_at_work() -> None:
    with transaction() as connection:
        connection.execute(workers.insert().values(host="desk-1", pid=4711))


def test_others_are_told_who_sees_it(person: Make, open_page: Make) -> None:
    page = open_page("status", person(role="manager"))
    assert "Admins and the owner" in said(page)
    assert not page.dataframe


def test_a_new_installation_says_what_is_missing(owner: Person, open_page: Make) -> None:
    page = open_page("status", owner)
    assert not page.exception
    assert "python \\-m lib\\.worker" in page.error[0].value
    assert "make backup" in page.warning[0].value
    assert figures(page)["Key"] == "not set: RUNPOD_API_KEY"
    assert "embedded" not in figures(page)["PostgreSQL"]  # tests name a served one
    assert figures(page)["Schema"].endswith("up to date")


def test_a_well_one_says_so(owner: Person, open_page: Make, tmp_path: Path) -> None:
    be_at_work()
    backups.make(tmp_path)
    page = open_page("status", owner)
    assert not page.error and not page.warning
    assert page.success[0].value == "Everything is well."
    seen = page.dataframe[0].value
    assert seen.loc[0, ["Host", "Process"]].tolist() == ["desk-1", "4711"]


def test_work_and_its_troubles_are_counted(
    owner: Person, open_page: Make, started_job: Make, configure: Make
) -> None:
    configure(RUNPOD_API_KEY="a-very-secret-key", LOCAL_PARALLEL_RUNS=3)
    be_at_work()
    started_job(owner, JobStatus.RUNNING)
    started_job(owner)
    with transaction() as connection:
        for name in ("lora-1", "lora-1", "lora-2"):
            activity.record_once(connection, system_status.ORPHAN, name)
        periodic.register(connection, ["rates"])
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        connection.execute(
            update(periodic_tasks).values(error="**HTTP** 401 <b>", finished_at=hour_ago)
        )
    page = open_page("status", owner)
    shown = figures(page)
    assert (shown["Running"], shown["Queued"]) == ("1", "1")
    assert shown["Orphans found in 7 days"].startswith("2, last")
    assert shown["Key"] == "set"
    assert "a-very-secret-key" not in said(page)
    engine = page.dataframe[1].value.set_index("Engine").loc["local"]
    assert (engine["At once"], engine["Waiting"]) == ("3", 1)
    warnings = " ".join(one.value for one in page.warning)
    assert "2 runs in the last 7 days" in warnings
    assert "\\*\\*HTTP\\*\\* 401 \\<b\\>" in warnings
