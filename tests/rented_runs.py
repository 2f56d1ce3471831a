"""A rented run as the desk's side sees it: a job with a live attempt, and what its pod sends."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Row, select, update

from lib.db import files, jobs, work
from lib.db.connection import reading, transaction
from lib.db.tables import job_attempts, run_results, training_jobs
from lib.domain.states import JobStatus
from lib.engines.base import Exchange
from lib.engines.names import run_name
from lib.services import pod_exchange
from lib.services.budgets import this_month
from tests.s3_server import S3Server

Make = Callable[..., Any]
RATE = Decimal("2.49")


@dataclass(frozen=True)
class RentedRun:
    """One attempt, live at first."""

    attempt: Row
    file: Row

    @property
    def job_id(self) -> UUID:
        return self.attempt.job_id

    @property
    def name(self) -> str:
        return self.attempt.external_name

    def open(self) -> Exchange:
        return pod_exchange.open_exchange(self.attempt, self.file)

    @property
    def row(self) -> Row:
        with reading() as connection:
            found = select(job_attempts).where(job_attempts.c.id == self.attempt.id)
            return connection.execute(found).one()

    @property
    def results(self) -> list[Row]:
        with reading() as connection:
            found = select(run_results).where(run_results.c.job_id == self.job_id)
            return list(connection.execute(found.order_by(run_results.c.name)))

    def end(self) -> None:
        with transaction() as connection:
            work.write_attempt(connection, self.attempt.id, ended_at=datetime.now(UTC))

    def end_job(self, ended_at: datetime) -> None:
        """The job fails at that moment, its attempt with it."""
        self.end()
        with transaction() as connection:
            job = jobs.lock(connection, self.job_id)
            jobs.transition(connection, job, JobStatus.FAILED, "Failed", ended_at=ended_at)

    def again(self) -> "RentedRun":
        """The job's next attempt, once this one has ended."""
        self.end()
        with transaction() as connection:
            return RentedRun(_attempt(connection, self.job_id, self.attempt.number + 1), self.file)


def results_of(run: RentedRun) -> str:
    return run.open().results_url.get_secret_value()


def token_of(url: str) -> str:
    return urlsplit(url).path.split("/")[3]


def _attempt(connection: Any, job_id: UUID, number: int) -> Row:
    return work.add_attempt(
        connection,
        job_id=job_id,
        number=number,
        engine="runpod",
        external_name=run_name(job_id, number),
        hourly_rate=RATE,
        started_at=datetime.now(UTC),
    )


def start_rented(actor: Any, file: Row, continues: UUID | None = None) -> RentedRun:
    """A started job of the engine runpod with its first attempt."""
    with transaction() as connection:
        job_id = jobs.add(
            connection, training_file_id=file.id, created_by=actor.id, draft={}, name="Rented"
        )
        jobs.transition(
            connection,
            jobs.lock(connection, job_id),
            JobStatus.QUEUED,
            "Started",
            configuration={"hyperparameters": {}},
            engine="runpod",
            gpu_type="H100 PCIe",
            gpu_pricing_tier="spot",
            gpu_hourly_rate=RATE,
            estimated_cost_max=Decimal("9.00"),
            budget_month=this_month(),
            queued_at=datetime.now(UTC),
            continues_id=continues,
        )
        attempt = _attempt(connection, job_id, 1)
        stored = files.by_id(connection, file.id)
    assert stored is not None
    return RentedRun(attempt, stored)


@pytest.fixture
def rented_run(person: Make, training_file: Make) -> Callable[..., RentedRun]:
    """`rented_run(continues=job_id)`: a job that trains on a rented machine now."""
    actor = person()
    file = training_file(conversations=3, actor=actor)

    def make(continues: UUID | None = None) -> RentedRun:
        return start_rented(actor, file, continues)

    return make


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    with S3Server() as running:
        yield running


@pytest.fixture
def s3(s3_server: S3Server, configure: Make) -> S3Server:
    """A real S3 server that this installation keeps results in."""
    configure(STORAGE_URL=s3_server.storage_url)
    return s3_server


@pytest.fixture(params=["own folder", "file://", "s3://"])
def any_storage(request: pytest.FixtureRequest, configure: Make, tmp_path: Path) -> str:
    """Each way to keep results, one after the other; its name."""
    if request.param == "s3://":
        request.getfixturevalue("s3")
    elif request.param == "file://":
        configure(STORAGE_URL=f"file://{tmp_path}/pods")
    return request.param


def facts(name: str, content: bytes, **changes: Any) -> dict[str, Any]:
    """What a pod says of a result that it has."""
    sha256 = hashlib.sha256(content).hexdigest()
    return {"name": name, "bytes": len(content), "sha256": sha256} | changes


def bring(
    http: httpx.Client, results_url: str, name: str, content: bytes, **changes: Any
) -> httpx.Response:
    """As a pod does it: asks where to, uploads, says that it has; the last answer."""
    said = facts(name, content, **changes)
    asked = http.post(results_url, json=said)
    if asked.status_code != 200 or asked.json()["stored"]:
        return asked
    uploaded = http.put(asked.json()["url"], content=content, headers=asked.json()["headers"])
    if uploaded.status_code not in (200, 201, 204):
        return uploaded
    return http.post(results_url, json=said | {"done": True})


def tar_of(members: Mapping[str, bytes]) -> bytes:
    """A plain tar file of regular files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


ADAPTER_FILES = {"adapter_config.json": b"{}", "adapter_model.safetensors": bytes(range(256)) * 40}
ADAPTER_TAR = tar_of({f"adapter/{name}": content for name, content in ADAPTER_FILES.items()})


def age_job(job_id: UUID, ended_at: datetime) -> None:
    with transaction() as connection:
        connection.execute(
            update(training_jobs).where(training_jobs.c.id == job_id).values(ended_at=ended_at)
        )
