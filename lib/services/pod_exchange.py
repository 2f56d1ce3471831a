"""The worker's side of a rented run: what it is given to begin, and what it has brought home.

What the pod itself asks for is in `pod_requests`; docs/pods.md is the wire.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Connection, Row

from lib import storage
from lib.db import run_results
from lib.db.connection import reading, transaction
from lib.domain.run_results import ADAPTER, Result
from lib.engines.base import Exchange
from lib.notify.run_tokens import RunPurpose
from lib.object_storage import StorageUnavailable, object_storage
from lib.services import run_access
from lib.services.mail import link
from lib.services.unpacking import Unsafe, unpack
from lib.settings import settings

DATA_SECONDS = 7 * 24 * 3600  # for which S3 signs at most
SEQUENCES = "sequences.jsonl"

#: The storage cannot be used right now: the same may succeed later.
ExchangeProblem = StorageUnavailable


class ResultLost(FileNotFoundError):
    """The run's result is not to be had, and no waiting brings it back.

    ResultLost
    ├── NeverStored    the run has brought none
    ├── Damaged        it is gone, or not what was acknowledged; it is forgotten
    └── NotAnAdapter   it is what the pod sent, and that is no adapter; it is forgotten
    """


class NeverStored(ResultLost):
    pass


class Damaged(ResultLost):
    pass


class NotAnAdapter(ResultLost):
    pass


def open_exchange(attempt: Row, file: Row) -> Exchange:
    """The addresses and the secret of one attempt; call it outside of any transaction.

    The sequences of `file` are put into the object storage where pods read from there. Raises
    ExchangeProblem.
    """
    job_id, number, run = attempt.job_id, attempt.number, attempt.external_name
    with transaction() as connection:
        secret = run_access.callback_secret(connection, run)
        data = run_access.token_for(connection, RunPurpose.DATA, job_id, number)
        results = run_access.token_for(connection, RunPurpose.RESULTS, job_id, number)
    data_url = link(f"/pods/data/{data}")
    if settings().storage_url is not None and (objects := object_storage()).signs:
        objects.put(storage.sequences_file(file.storage_key), f"{job_id}/{SEQUENCES}")
        data_url = objects.address(f"{job_id}/{SEQUENCES}", DATA_SECONDS)
    return Exchange(
        data_url=SecretStr(data_url),
        results_url=SecretStr(results_url(results)),
        callback_url=link(f"/callbacks/{run}"),
        callback_token=SecretStr(secret),
    )


def stored_adapter(connection: Connection, job_id: UUID) -> Row | None:
    """The job's adapter, if a run has brought it."""
    return run_results.named(connection, job_id, ADAPTER)


def stored_step(connection: Connection, job_id: UUID) -> int | None:
    """The step of the checkpoint from which the job's next run would go on."""
    return next((row.step for row in run_results.line_of_checkpoints(connection, job_id)), None)


def bring_home(job_id: UUID) -> None:
    """The job's adapter into its run folder. Whole or not at all; safe to repeat.

    Raises ResultLost, ExchangeProblem.
    """
    with reading() as connection:
        row = stored_adapter(connection, job_id)
    if row is None:
        raise NeverStored(f"job {job_id} has brought no adapter")
    folder = storage.run_folder(job_id)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".coming-", dir=folder) as draft:
            _fetch(row, Path(draft) / ADAPTER)
            unpack(Path(draft) / ADAPTER, "adapter", folder / "adapter")
    except (ResultLost, Unsafe) as error:
        with transaction() as connection:
            run_results.remove(connection, [row.id])
        if isinstance(error, Unsafe):
            raise NotAnAdapter(f"job {job_id}: {error}") from None
        raise
    except OSError as error:
        raise ExchangeProblem(f"The adapter cannot be kept here: {error.strerror}") from error
    for left in folder.glob(".coming-*"):  # by a worker that was killed
        shutil.rmtree(left, ignore_errors=True)


def _fetch(row: Row, target: Path) -> None:
    objects, key = object_storage(), key_of(row)
    if objects.size(key) != row.size_bytes:
        raise Damaged(f"job {row.job_id}: its adapter has another size, or is gone")
    objects.fetch(key, target)
    with target.open("rb") as fetched:
        found = hashlib.file_digest(fetched, "sha256").hexdigest()
    if found != row.sha256:
        raise Damaged(f"job {row.job_id}: its adapter has another hash")


def key_of(row: Row) -> str:
    """Where the file of a result lies in the object storage."""
    return f"{row.job_id}/{Result(row.name, row.size_bytes, row.sha256).key}"


def results_url(token: str) -> str:
    return link(f"/pods/results/{token}")
