"""What happens around the serving of pages: migrations before, the worker during."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool

from lib.db.connection import DatabaseUnavailable, migrate
from lib.settings import settings
from lib.worker.process import start_worker, stop_worker

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Brings the database up and a worker with it; the pages explain it where that fails."""
    try:
        await run_in_threadpool(migrate)
    except DatabaseUnavailable as error:
        log.error("%s", error)
    worker = start_worker() if settings().worker == "on" else None
    try:
        yield
    finally:
        if worker is not None:
            await run_in_threadpool(stop_worker, worker)
