"""Tasks that run now and then, once however many workers there are.

Why no cron library: those fire at moments, and a desk that was switched off at midnight would never
catch up. A task here is a row that says when it is due: whoever is at work then, or comes back
later, leases it, runs it and writes down when it is due again. A task should be cheap when it has
nothing to do, since it is asked more often than it acts; and since a worker may die in the middle,
running it twice must do no harm.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from uuid import uuid4

from lib.db import periodic
from lib.db.connection import DatabaseUnavailable, transaction
from lib.db.tables import periodic_tasks as table
from lib.services import (
    billing,
    calibration,
    job_search_words,
    notifications,
    offers,
    rented_account,
    request_care,
    result_care,
    spending,
)
from lib.worker.leases import LEASE, Keeper
from lib.worker.wording import describe

RETRY = timedelta(minutes=15)  # after a failure, or sooner where the task itself is due sooner
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PeriodicTask:
    """What to run, and how long after its end it is due again. The name is its row's key."""

    name: str
    every: timedelta
    run: Callable[[], None]


TASKS: Sequence[PeriodicTask] = (
    # Hourly, though rates are fetched once a day: a key that was just set is used within the hour.
    PeriodicTask(offers.TASK, timedelta(hours=1), offers.refresh_if_connected),
    PeriodicTask(rented_account.TASK, timedelta(minutes=10), rented_account.look),
    PeriodicTask(billing.TASK, timedelta(hours=1), billing.reconcile),
    PeriodicTask(request_care.TASK, timedelta(minutes=10), request_care.tend),
    # Daily, though it acts monthly, or once there are twice as many finished runs.
    PeriodicTask(calibration.TASK, timedelta(days=1), calibration.refit_if_due),
    PeriodicTask(job_search_words.TASK, timedelta(minutes=10), job_search_words.gather),
    PeriodicTask(spending.TASK, timedelta(hours=6), spending.keep_forecasts),
    PeriodicTask(result_care.TASK, timedelta(hours=1), result_care.tend),
    PeriodicTask(notifications.TASK, timedelta(days=1), notifications.remove_old),
)


class Periodic:
    """The periodic loop of one worker."""

    def __init__(self, tasks: Sequence[PeriodicTask] = TASKS) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._registered = False

    def tick(self, stop: Event) -> bool:
        """Runs one task if one is due; its error stays on its row until it has run well."""
        if stop.is_set():
            return False
        token = uuid4()
        with transaction() as connection:
            if not self._registered:
                periodic.register(connection, self._tasks.keys())
            name = periodic.lease_due(connection, self._tasks.keys(), token, LEASE)
        self._registered = True
        if name is None:
            return False
        task = self._tasks[name]
        with Keeper(table.c.name, name, token):
            error = _run(task)
        pause = min(task.every, RETRY) if error else task.every
        with transaction() as connection:
            if not periodic.finish(connection, name, token, pause, error):
                log.warning("%s: another worker has taken this task over", name)
        return True


def _run(task: PeriodicTask) -> str | None:
    """The error's text, None where all went well."""
    try:
        task.run()
    except DatabaseUnavailable:
        raise  # there is no row to write it on; the lease runs out
    except Exception as error:  # noqa: BLE001  whatever it is, the other tasks go on
        log.warning("%s: %s", task.name, describe(error))
        return str(error) or type(error).__name__
    return None
