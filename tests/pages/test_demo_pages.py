"""Every page opens on half a year of work, for who sees all of it and for who sees their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from lib.db.connection import reading
from lib.db.tables import training_jobs
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import accounts

PROJECT = Path(__file__).parents[2]
PAGES = sorted(path.stem for path in (PROJECT / "pages").glob("*.py"))
WIZARD = {"preset", "gpu", "details", "review"}
NOT_FOR_ANALYSTS = {"outbox"}
BANNER = "Demo data: nothing here is real"


@pytest.mark.parametrize(
    ("name", "who"),
    [(name, "owner") for name in PAGES]
    + [(name, "liam") for name in PAGES if name not in NOT_FOR_ANALYSTS],
)
def test_every_page_opens_on_demo_data(
    name: str, who: str, demo: Callable[[str], Person], open_page: Callable[..., AppTest]
) -> None:
    status = JobStatus.PENDING_CONFIGURATION if name in WIZARD else JobStatus.COMPLETED
    page = open_page(name, demo(who), _job_of(demo("liam"), status))
    assert not page.exception


def _job_of(person: Person, status: JobStatus) -> Any:
    job = training_jobs.c
    with reading() as connection:
        return connection.execute(
            select(job.id)
            .where(job.created_by == person.id, job.status == status)
            .order_by(job.created_at.desc())
            .limit(1)
        ).scalar_one()


def test_the_shell_says_that_the_data_is_made_up(demo: Callable[[str], Person]) -> None:
    assert BANNER in _shell(demo("owner"))


def test_a_real_installation_has_no_banner(person: Callable[..., Person]) -> None:
    assert BANNER not in _shell(person())


def _shell(person: Person) -> str:
    shell = AppTest.from_file(PROJECT / "lib" / "ui" / "shell.py", default_timeout=20)
    shell.session_state["session_id"] = accounts.open_session(person.email)
    shell.run()
    assert not shell.exception
    return "\n".join(element.proto.body for element in shell.get("html"))
