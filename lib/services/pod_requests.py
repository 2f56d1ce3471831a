"""What a rented pod asks its desk for: data, its checkpoints, and that its results are taken.

docs/pods.md is the wire. What a pod says is believed with its hash alone.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from lib import storage
from lib.db import files, jobs, run_results
from lib.db.connection import reading, transaction
from lib.domain.operations import DISK_LOW_BYTES
from lib.domain.run_results import KEPT_CHECKPOINTS, Result, is_name, is_sha256
from lib.notify.run_tokens import RunPurpose
from lib.object_storage import LARGEST_PUT, StorageUnavailable, Upload, object_storage
from lib.services import run_access
from lib.services.pod_exchange import key_of, results_url
from lib.services.run_access import (
    AttemptEnded,
    Differs,
    LiveRun,
    NoRoom,
    NotStored,
    TooLarge,
)
from lib.settings import settings

GIGABYTE = 1024**3


def data_file(token: str) -> Path:
    """The sequences that the token's run trains on. Raises ExchangeRefused."""
    run = run_access.admitted(RunPurpose.DATA, token)
    with reading() as connection:
        job = jobs.by_id(connection, run.job_id)
        file = files.by_id(connection, job.training_file_id) if job else None
    path = storage.sequences_file(file.storage_key) if file else None
    if path is None or not path.is_file():
        raise NotStored("The training data is not there any more.")
    return path


def stored_checkpoints(token: str, pod_id: str | None = None) -> list[dict[str, Any]]:
    """The job's checkpoints, newest first, then those of the job that it continues.

    `pod_id` is the pod's own word for which one it is. Raises ExchangeRefused, StorageUnavailable.
    """
    run = run_access.admitted(RunPurpose.RESULTS, token, pod_id)
    with reading() as connection:
        rows = run_results.line_of_checkpoints(connection, run.job_id)
    return [
        {
            "name": row.name,
            "step": row.step,
            "bytes": row.size_bytes,
            "sha256": row.sha256,
            "url": _address(run, row),
        }
        for row in rows
    ]


def _address(run: LiveRun, row: Row) -> str:
    objects = object_storage()
    return objects.address(key_of(row)) if objects.signs else f"{results_url(run.token)}/{row.id}"


def read_result(token: str, result_id: UUID) -> tuple[int, Iterator[bytes]]:
    """A checkpoint that passes through the desk: its bytes' number, and the bytes.

    Raises ExchangeRefused, StorageUnavailable.
    """
    run = run_access.admitted(RunPurpose.RESULTS, token)
    with reading() as connection:
        rows = {row.id: row for row in run_results.line_of_checkpoints(connection, run.job_id)}
    row = rows.get(result_id)
    if row is None or object_storage().size(key_of(row)) != row.size_bytes:
        raise NotStored("There is no such result.")
    return row.size_bytes, object_storage().read(key_of(row))


def offer(token: str, given: Any) -> dict[str, Any]:
    """What a pod is answered that has a result to bring, or has brought it (`done`).

    Raises ValueError naming a bad field, ExchangeRefused, StorageUnavailable.
    """
    run = run_access.admitted(RunPurpose.RESULTS, token)
    result = Result.from_dict(given)
    if result.size > _limit():
        raise TooLarge(f"bytes: at most {settings().max_run_result_gb} GB are taken.")
    with reading() as connection:
        row = run_results.named(connection, run.job_id, result.name)
    if row is not None and (row.sha256, row.size_bytes) == (result.sha256, result.size):
        return {"stored": True}
    if isinstance(given, Mapping) and given.get("done") is True:
        _acknowledge(run, result)
        return {"stored": True}
    objects = object_storage()
    if objects.signs and result.size <= LARGEST_PUT:
        key = f"{run.job_id}/{result.key}"
        url, headers = objects.upload_address(key, result.size, result.sha256)
        return {"url": url, "headers": dict(headers), "stored": False}
    url = f"{results_url(token)}/{result.sha256}/{result.name}"
    return {"url": url, "headers": {}, "stored": False}


def _acknowledge(run: LiveRun, result: Result) -> None:
    """Writes down a result whose file is there, and drops the checkpoint that is one too many.

    A file that it replaces stays for a day: it may be on its way once more at this moment.
    """
    objects = object_storage()
    if objects.size(f"{run.job_id}/{result.key}") != result.size:
        raise Differs("bytes: what was uploaded has another size, or is not there.")
    with transaction() as connection:
        attempt = run_results.hold_attempt(connection, run.name)
        if attempt is None or attempt.ended_at is not None:
            raise AttemptEnded("The attempt has ended.")
        run_results.put(connection, run.job_id, run.attempt, result)
        extra = run_results.checkpoints(connection, run.job_id)[KEPT_CHECKPOINTS:]
        run_results.remove(connection, [row.id for row in extra])
    with contextlib.suppress(StorageUnavailable):  # the periodic task removes what is left
        for row in extra:
            objects.remove(key_of(row))


@dataclass
class Arrival:
    """A file while it arrives: kept if its content is the announced one, else nothing is."""

    sha256: str
    upload: Upload

    def __post_init__(self) -> None:
        self._digest, self._size = hashlib.sha256(), 0

    def write(self, chunk: bytes) -> None:
        """Raises TooLarge, StorageUnavailable."""
        self._size += len(chunk)
        if self._size > _limit():
            raise TooLarge(f"At most {settings().max_run_result_gb} GB are taken.")
        self._digest.update(chunk)
        self.upload.write(chunk)

    def keep(self) -> None:
        """Raises Differs, StorageUnavailable."""
        if self._digest.hexdigest() != self.sha256:
            raise Differs("sha256: what arrived has another hash.")
        self.upload.commit()


def receive(token: str, sha256: str, name: str, size: int) -> Arrival:
    """Begins to take a file of `size` bytes that passes through the desk.

    Whoever calls it discards the upload in the end. Raises ExchangeRefused, StorageUnavailable.
    """
    run = run_access.admitted(RunPurpose.RESULTS, token)
    if not is_name(name) or not is_sha256(sha256):
        raise NotStored("There is no such address.")
    if size > _limit():
        raise TooLarge(f"At most {settings().max_run_result_gb} GB are taken.")
    objects = object_storage()
    free = objects.free_bytes
    if free is not None and free - size < DISK_LOW_BYTES:
        raise NoRoom("The desk's disk is nearly full.")
    return Arrival(sha256, objects.upload(f"{run.job_id}/{Result(name, size, sha256).key}"))


def _limit() -> int:
    return settings().max_run_result_gb * GIGABYTE
