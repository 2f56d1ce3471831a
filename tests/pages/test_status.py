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
from lib.engines.names import run_name
from lib.services import backups, rented_account
from tests.fake_runpod.client import FakeRunPod
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
        for subject, fault in (("lora-1", "signature"), ("unknown", "unknown")):
            activity.record(
                connection,
                system_status.CALLBACK_REFUSED,
                subject=subject,
                succeeded=False,
                details={"fault": fault},
            )
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
    assert shown["Callbacks refused in 7 days"].startswith("2, last")
    assert "1 callback of runs refused" in warnings  # that of no run at all is none to act on
    assert "\\*\\*HTTP\\*\\* 401 \\<b\\>" in warnings


def test_runpods_account_and_our_pods_are_shown_as_they_were_read_last(
    owner: Person, open_page: Make, runpod: FakeRunPod, configure: Make
) -> None:
    be_at_work()
    configure(RUNPOD_PREFIX="ours", TRAINER_IMAGE="registry.example.com/trainer:1")
    before = figures(open_page("status", owner))
    assert before["Account"].startswith("not read yet")
    assert "HF_TOKEN" in before["Jobs start there"]
    runpod.be(balance=20.0)
    runpod.fill([f"ours.{run_name(owner.id, 1)}"], "NVIDIA H100 PCIe")
    rented_account.look()
    asked = len(runpod.requests)
    page = open_page("status", owner)
    assert not page.exception
    shown = figures(page)
    assert (shown["Balance"], shown["Spent an hour now"]) == ("$20.00", "$2.39")
    assert (shown["Lasts for"], shown["Pod names begin with"]) == ("8 hours", "ours")
    (pods,) = (table.value for table in page.dataframe if "Pod" in table.value)
    assert pods.loc[0, "Pod"] == f"ours.{run_name(owner.id, 1)}"
    assert pods.loc[0, "Belongs to"] == "no job: it is being ended"
    assert any("lasts for 8\\.4 hours" in one.value for one in page.warning)
    assert len(runpod.requests) == asked
