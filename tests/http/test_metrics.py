"""/metrics: counts that are right, for who may read them, with no name and no money."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lib.db.connection import transaction
from lib.db.tables import outbox, workers
from lib.domain.states import JobStatus
from lib.http.routes import ROUTES

Make = Callable[..., Any]
TOKEN = "a-long-token"


def client(host: str) -> TestClient:
    return TestClient(Starlette(routes=list(ROUTES)), client=(host, 50000))


@pytest.fixture
def here(installation: str) -> Iterator[TestClient]:
    with client("127.0.0.1") as opened:
        yield opened


def read(here: TestClient) -> dict[tuple[str, ...], float]:
    """Values by name and labels; the parser refuses what Prometheus would."""
    answer = here.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_an_empty_installation_counts_nothing(here: TestClient) -> None:
    found = read(here)
    assert {found["lora_jobs", str(state)] for state in JobStatus} == {0}
    assert found["lora_workers_seen",] == found["lora_outbox", "waiting"] == 0
    assert found["lora_callbacks_refused", "signature"] == 0
    assert found["lora_schema_up_to_date",] == 1
    assert found["lora_disk_free_bytes",] > 0
    assert ("lora_backup_age_seconds",) not in found


def test_work_is_counted(
    here: TestClient, person: Make, draft: Make, local_draft: Make, configure: Make
) -> None:
    from lib.services import starting
    from lib.services.assessment import assess
    from tests.pages.conftest import move

    configure(SMTP_URL="smtp://127.0.0.1:1")
    ana = person(name="Ana Secret")
    draft(ana)
    jobs = []
    for _ in range(2):
        opened = local_draft(ana)
        starting.start(ana, opened.job_id, assess(opened).digest)
        jobs.append(opened.job_id)
    move(jobs[0], JobStatus.PROVISIONING)
    with transaction() as connection:
        connection.execute(workers.insert().values(host="desk", pid=1))
        connection.execute(
            outbox.insert().values(
                message_id="<1@x>",
                kind="test",
                to_address="ana@example.com",
                subject="s",
                body_text="t",
                body_html="h",
            )
        )
    found = read(here)
    assert found["lora_jobs", "queued"] == found["lora_jobs", "provisioning"] == 1
    assert found["lora_jobs", "pending_configuration"] == 1
    assert found["lora_engine_waiting", "local"] == 1
    assert 0 < found["lora_queue_oldest_seconds",] < 60
    assert found["lora_workers_seen",] == found["lora_outbox", "waiting"] == 1
    text = here.get("/metrics").text.lower()
    for word in ("secret", "example.com", "desk", "cost", "limit", "usd", "dollar"):
        assert word not in text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_without_a_token_nothing_that_a_proxy_passed_on_is_answered(
    here: TestClient, header: str
) -> None:
    assert here.get("/metrics", headers={header: "203.0.113.7"}).status_code == 403


@pytest.mark.parametrize("host", ["203.0.113.7", "10.0.0.1", "testclient"])
def test_without_a_token_other_machines_are_refused(installation: str, host: str) -> None:
    with client(host) as opened:
        answer = opened.get("/metrics")
    assert answer.status_code == 403
    assert "METRICS_TOKEN" in answer.text
    assert "lora_" not in answer.text


def test_with_a_token_every_machine_shows_it_and_no_other(
    installation: str, configure: Make
) -> None:
    configure(METRICS_TOKEN=TOKEN)
    for host in ("127.0.0.1", "203.0.113.7"):
        with client(host) as opened:
            right = {"Authorization": f"Bearer {TOKEN}"}
            assert opened.get("/metrics", headers=right).status_code == 200
            for wrong in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN}):
                answer = opened.get("/metrics", headers=wrong)
                assert (answer.status_code, "lora_" in answer.text) == (401, False)


def test_without_the_database_it_says_so(open_folder: Any, configure: Make) -> None:
    from lib.db import connection as db

    db.dispose()
    configure(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    try:
        with client("127.0.0.1") as opened:
            assert opened.get("/metrics").status_code == 503
    finally:
        db.dispose()
