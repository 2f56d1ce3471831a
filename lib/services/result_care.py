"""Removes what rented runs have brought and nobody needs any more."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from lib.db import run_results
from lib.db.connection import reading, transaction
from lib.object_storage import ObjectStorage, has_storage, object_storage
from lib.services.pod_exchange import SEQUENCES, key_of
from lib.settings import settings

TASK = "pod results"
UNCLAIMED = timedelta(days=1)  # after which a file that no row speaks of is nobody's


def tend() -> None:
    """The periodic task. Data goes when its job has ended, results RUN_RESULTS_DAYS later, and
    uploads that were broken off after a day. Folders of jobs that are not ours are left alone.

    Raises StorageUnavailable.
    """
    if not has_storage():
        return
    objects = object_storage()
    folders = _by_job(objects.folders())
    kept = timedelta(days=settings().run_results_days)
    with transaction() as connection:
        over = run_results.no_longer_needed(connection, folders, kept)
        run_results.remove_of_jobs(connection, over)  # first: no row is to speak of what is gone
        known = run_results.known(connection, folders)
        ended = run_results.ended(connection, folders)
    for job_id in known - over:
        _tidy(objects, folders[job_id], job_id, job_id in ended)
    for job_id in over:
        objects.remove_folder(folders[job_id])


def _by_job(folders: list[str]) -> Mapping[UUID, str]:
    found = {}
    for name in folders:
        try:
            found[UUID(name)] = name
        except ValueError:
            continue
    return found


def _tidy(objects: ObjectStorage, folder: str, job_id: UUID, has_ended: bool) -> None:
    there = objects.objects(folder)  # listed before the rows are read: what comes later is new
    with reading() as connection:
        claimed = {key_of(row) for row in run_results.of_job(connection, job_id)}
    data = f"{folder}/{SEQUENCES}"
    now = datetime.now(UTC)
    for one in there:
        if one.key == data:
            unwanted = has_ended
        else:
            unwanted = one.key not in claimed and now - one.modified > UNCLAIMED
        if unwanted:
            objects.remove(one.key)
