"""Measurements: a few real steps of a configuration, while nothing else trains on this machine."""

import logging
from threading import Event
from typing import Any
from uuid import uuid4

from sqlalchemy import Row

from lib import storage
from lib.db import leasing, measurements, work
from lib.db.connection import transaction
from lib.db.tables import measurements as table
from lib.engines.errors import Stopped, TrainerProblem
from lib.engines.local import LocalEngine
from lib.engines.probes import run_measurement
from lib.worker.leases import LEASE, Keeper
from lib.worker.wording import describe

log = logging.getLogger(__name__)


def tick(stop: Event) -> bool:
    """Runs one measurement if one is asked for and the machine is free."""
    token = uuid4()
    with transaction() as connection:
        # Decided under the same lock as launches: neither starts while the other is at work.
        work.lock_engine(connection, LocalEngine.name)
        if work.jobs_on_engine(connection, LocalEngine.name):
            return False
        asked = measurements.lease_pending(connection, token, LEASE)
    if asked is None:
        return False
    try:
        with Keeper(table.c.config_key, asked.config_key, token):
            answer = _measure(asked, stop)
    except Stopped:
        with transaction() as connection:
            leasing.release(connection, table.c.config_key, asked.config_key, token)
        return False
    with transaction() as connection:
        measurements.finish(connection, asked.config_key, token, **answer)
    return True


def _measure(asked: Row, stop: Event) -> dict[str, Any]:
    """The columns of the answer; a failure is an answer too, as launches wait for one."""
    try:
        result = run_measurement(
            storage.sequences_file(asked.request["storage_key"]),
            asked.request["hyperparameters"],
            storage.measurement_folder(asked.config_key),
            stop=stop,
        )
    except Stopped:
        raise
    except TrainerProblem as problem:
        log.warning("measurement %s: %s", asked.config_key, describe(problem))
        return {"status": "failed", "error": str(problem)}
    except Exception as error:  # noqa: BLE001  see above
        log.error("measurement %s: %s", asked.config_key, describe(error))
        return {"status": "failed", "error": "The measurement failed for an unexpected reason."}
    return {"status": "completed", "result": result, "error": None}
