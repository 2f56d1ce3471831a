"""Enrichment of a training file: verified, summarised, made into sequences, its tokens counted."""

import logging
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any
from uuid import uuid4

from sqlalchemy import Row

from lib import storage
from lib.datafiles import content_hash, import_pass
from lib.db import files, leasing
from lib.db.connection import transaction
from lib.db.tables import training_files as table
from lib.domain.dataset import DatasetError
from lib.domain.states import EnrichmentStatus
from lib.engines.errors import Stopped, TrainerProblem
from lib.engines.probes import count_tokens
from lib.services.training_files import CHANGED, MISSING, limits
from lib.worker.leases import LEASE, Keeper
from lib.worker.wording import describe

RETRY = timedelta(seconds=30)  # after trouble that is not the file's, such as a full disk

log = logging.getLogger(__name__)


def tick(stop: Event) -> bool:
    """Enriches the oldest file that waits for it."""
    token = uuid4()
    with transaction() as connection:
        file = files.lease_processing(connection, token, LEASE)
    if file is None:
        return False
    answer, pause = None, timedelta()
    try:
        with Keeper(table.c.id, file.id, token):
            answer = _enrich(file, stop)
    except Stopped:
        pass
    except Exception as error:  # noqa: BLE001  the file waits, the next one may do better
        log.error("file %s: %s", file.id, describe(error))
        pause = RETRY
    with transaction() as connection:
        if answer is None:
            leasing.release(connection, table.c.id, file.id, token, pause)
        else:
            files.finish_enrichment(connection, file.id, token, **answer)
    return True


def _enrich(file: Row, stop: Event) -> dict[str, Any]:
    """The columns of the answer."""
    original = storage.original_file(file.storage_key)
    sequences = storage.sequences_file(file.storage_key)
    try:
        if content_hash(original) != file.content_hash:
            return _failed(CHANGED)
        summary, written = import_pass(original, sequences, name=file.name, limits=limits())
    except FileNotFoundError:
        return _failed(MISSING)
    except DatasetError as error:
        return _failed(str(error))
    tokens, problem = _count(file, stop)
    return {
        "enrichment_status": EnrichmentStatus.COMPLETED,
        "enrichment_error": problem,
        "summary": summary.to_dict(),
        "tokens": tokens,
        "sequences_sha256": written.sha256,
    }


def _failed(message: str) -> dict[str, Any]:
    return {"enrichment_status": EnrichmentStatus.FAILED, "enrichment_error": message}


def _count(file: Row, stop: Event) -> tuple[dict[str, Any] | None, str | None]:
    """The tokens, or why they are not known: estimates and rented runs can do without."""
    sequences = storage.sequences_file(file.storage_key)
    with TemporaryDirectory(dir=sequences.parent, prefix="tokens-") as folder:
        try:
            return count_tokens(sequences, Path(folder), stop=stop), None
        except TrainerProblem as problem:
            log.warning("file %s: tokens not counted, %s", file.id, describe(problem))
            return None, f"The tokens could not be counted: {problem}"
