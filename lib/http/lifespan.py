"""What happens around the serving of pages: migrations before, a worker during."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.concurrency import run_in_threadpool

from lib.db.connection import DatabaseUnavailable, migrate
from lib.http.nagle import send_at_once
from lib.services.training_files import provide_sample
from lib.settings import settings
from lib.worker.process import start_worker, stop_worker

WATCH_SECONDS = 2.0
log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Brings up the database, a sample and a worker; the pages explain it where that fails."""
    send_at_once()
    try:
        await run_in_threadpool(migrate)
        await run_in_threadpool(provide_sample)
    except (DatabaseUnavailable, OSError) as error:
        log.error("%s", error)
    watch = asyncio.create_task(_keep_a_worker()) if settings().worker == "on" else None
    try:
        yield
    finally:
        if watch is not None:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch


async def _keep_a_worker() -> None:
    """Runs a worker, and another one in its place when it dies."""
    worker = start_worker()
    try:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if worker.poll() is not None:
                log.error("The worker ended with status %s; another one starts", worker.returncode)
                worker = start_worker()
    finally:
        await run_in_threadpool(stop_worker, worker)
