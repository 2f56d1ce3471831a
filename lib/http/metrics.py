"""`GET /metrics` for Prometheus: counts of work, never a name, never anybody's money.

With METRICS_TOKEN it asks for that as a bearer token. Without one it answers this machine alone,
and nothing that a proxy has passed on: behind one on the same machine everybody comes from here.
"""

import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import ip_address

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lib.db.connection import DatabaseUnavailable
from lib.domain.callbacks import CallbackFault
from lib.domain.operations import Facts
from lib.services import system_status
from lib.settings import settings

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_PRIVATE = {"Cache-Control": "no-store"}


async def metrics(request: Request) -> Response:
    """The facts of the status page as gauges."""
    refused = _refused(request)
    if refused is not None:
        return refused
    try:
        facts = await run_in_threadpool(system_status.facts)
    except DatabaseUnavailable as error:
        return PlainTextResponse(f"{error}\n", status_code=503, headers=_PRIVATE)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gauges(facts))
    return Response(
        generate_latest(registry), headers=_PRIVATE | {"Content-Type": CONTENT_TYPE_LATEST}
    )


def _refused(request: Request) -> Response | None:
    token = settings().metrics_token
    if token is not None:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and hmac.compare_digest(
            given.encode(), token.get_secret_value().encode()
        ):
            return None
        headers = _PRIVATE | {"WWW-Authenticate": "Bearer"}
        return PlainTextResponse("A bearer token is needed.\n", status_code=401, headers=headers)
    if _is_from_here(request):
        return None
    return PlainTextResponse(
        "Only this machine may read the metrics. Set METRICS_TOKEN to read them from elsewhere.\n",
        status_code=403,
        headers=_PRIVATE,
    )


def _is_from_here(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


class _Gauges(Collector):
    """One reading of the facts. All gauges: the counts come from the database, which forgets."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def collect(self) -> Iterable[GaugeMetricFamily]:
        facts = self._facts
        queue, outbox, storage = facts.queue, facts.outbox, facts.storage
        yield _labelled("jobs", "Jobs by state.", "state", queue.by_state)
        yield _gauge(
            "queue_oldest_seconds",
            "How long the job that was queued first has waited.",
            _age(facts, queue.oldest_waiting_at),
        )
        yield _gauge("jobs_leased", "Jobs that a worker holds now.", queue.leased)
        yield _gauge("attempts_in_doubt", "Attempts whose run may exist or not.", queue.in_doubt)
        yield _gauge("workers_seen", "Workers seen lately.", facts.workers_seen)
        yield _labelled(
            "engine_runs", "Live runs.", "engine", {one.name: one.runs for one in facts.engines}
        )
        yield _labelled(
            "engine_waiting",
            "Jobs that wait for a place.",
            "engine",
            {one.name: one.waiting for one in facts.engines},
        )
        yield _gauge("runs_not_ended", "Runs that were to end and have not.", facts.not_ended)
        yield _gauge("orphans_found", "Runs of no job, in the last 7 days.", facts.orphans)
        yield _labelled(
            "callbacks_refused",
            "Messages for runs that were refused, in the last 7 days; one an hour for a run.",
            "fault",
            {fault: facts.callbacks.by_fault.get(fault, 0) for fault in CallbackFault},
        )
        yield _labelled(
            "periodic_task_failed",
            "1 where the task failed when it ran last.",
            "task",
            {task.name: int(task.error is not None) for task in facts.tasks},
        )
        yield _labelled(
            "outbox",
            "Messages by what becomes of them.",
            "state",
            {"waiting": outbox.waiting, "failed": outbox.failed, "kept": outbox.kept},
        )
        yield _gauge(
            "outbox_oldest_seconds",
            "How long the oldest message has waited.",
            _age(facts, outbox.oldest_waiting_at),
        )
        yield _gauge("database_bytes", "Size of the database.", facts.database.size_bytes)
        yield _gauge("schema_up_to_date", "1 where it is.", int(facts.database.up_to_date))
        yield _gauge("training_files_bytes", "Training files as they came.", storage.file_bytes)
        yield _gauge("disk_free_bytes", "Free where the data folder lies.", storage.disk_free)
        if facts.backup is not None and facts.backup.made_at is not None:
            age = _age(facts, facts.backup.made_at)
            yield _gauge("backup_age_seconds", "Age of the last whole backup.", age)


def _age(facts: Facts, moment: datetime | None) -> float:
    return facts.age(moment).total_seconds()


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"lora_{name}", meaning, value=value)


def _labelled(name: str, meaning: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"lora_{name}", meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


ROUTE = Route("/metrics", metrics, methods=["GET"])
