"""From a pod's status and its trainer's words to the state of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from lib.domain.money import usd
from lib.domain.offers import Tier
from lib.engines.base import Observation, RunHandle, RunState
from lib.engines.runpod_log import LogPage, first_position, position
from lib.engines.runpod_pods import Pod, PodStatus

READY_WITHIN = timedelta(minutes=15)  # from the order to the trainer's first word
LOG_SETTLES = timedelta(seconds=10)  # so long last words may be under way when the pod is over
LOG_PATIENCE = timedelta(minutes=5)  # then a pod that is over is judged without its log
#: A pod's price includes its container disk: $0.10 per GB and month, 4 cents an hour for 300 GB.
PRICE_TOLERANCE = Decimal("0.05")
GOING_ON = frozenset({RunState.PROVISIONING, RunState.STARTING, RunState.RUNNING})
_TRAINS = ("step", "checkpoint")
_IMAGE = (
    "If that happens again, see in RunPod's console whether the image in TRAINER_IMAGE can be "
    "pulled."
)
_NOT_READY = f"The machine was not ready within 15 minutes, so it was given back. {_IMAGE}"


@dataclass
class Sight:
    """What an engine remembers of one run; all of it can be lost.

    `cursor` continues the log where an observer has got who stands at `offset`; `verdict` is kept,
    since the log it came from goes with the pod. `deleted`: when each pod was last asked to end;
    `ended`: those of which RunPod said that they have.
    """

    tier: Tier | None = None  # of what was ordered, where it was ordered here
    cursor: str | None = None
    offset: int | None = None
    listed: bool = False
    trained: bool = False
    verdict: Observation | None = None
    over_since: datetime | None = None
    missing_since: datetime | None = None
    sought_since: datetime | None = None
    ending_since: datetime | None = None
    gone_at: datetime | None = None
    deleted: dict[str, datetime] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    @property
    def stopped_at(self) -> datetime | None:
        """When the pod was first seen not to be at work; None while it is."""
        return self.over_since or self.missing_since or self.gone_at

    def see(self, pod: Pod, at: datetime) -> None:
        self.listed, self.missing_since = True, None
        self.over_since = (self.over_since or at) if pod.is_over else None

    def read(self, page: LogPage, reached: int) -> None:
        self.cursor, self.offset = page.cursor, reached


def judge(
    run: RunHandle,
    pod: Pod,
    sight: Sight,
    now: datetime,
    events: Sequence[Mapping[str, Any]],
    offset: int,
    page: LogPage | None,
) -> Observation:
    """The run as of now. `events` are new and reach to `offset`; `page` is None if unread."""
    seen = Observation(_state(pod, sight, events), tuple(events), offset)
    for event in events:
        if (said := _said(event)) is not None:
            return replace(seen, **said)
    cost = pod.hourly_cost
    if cost is not None and cost > run.hourly_rate + PRICE_TOLERANCE:
        message = other_price(cost, run.hourly_rate)
        return replace(
            seen, state=RunState.FAILED, failure_code="price_changed", failure_message=message
        )
    heard = offset > first_position(run.attempt)
    if pod.is_over:
        return _over(seen, pod, sight, now, heard, page)
    silent = pod.status is not PodStatus.RUNNING or (page is not None and page.complete)
    if silent and not heard and run.started_at and now - run.started_at >= READY_WITHIN:
        return replace(
            seen,
            state=RunState.INTERRUPTED,
            failure_code="machine_not_ready",
            failure_message=_NOT_READY,
        )
    return seen


def after(verdict: Observation, offset: int) -> Observation:
    """A verdict for somebody who has got to `offset`."""
    events = tuple(event for event in verdict.events if (position(event) or 0) > offset)
    return replace(verdict, events=events, offset=max(verdict.offset, offset))


def other_price(cost: Decimal, shown: Decimal) -> str:
    return (
        f"RunPod charges {usd(cost)} an hour for this pod, and {usd(shown)} was shown when the job "
        "was started, so the pod was ended. Start the job again to see the new price first."
    )


def _state(pod: Pod, sight: Sight, events: Sequence[Mapping[str, Any]]) -> RunState:
    """Where a run is that goes on, as far as it is known; a pod's container must be up to start."""
    sight.trained = sight.trained or any(event["kind"] in _TRAINS for event in events)
    if sight.trained:
        return RunState.RUNNING
    up = pod.status is PodStatus.RUNNING or pod.is_over or events
    return RunState.STARTING if up else RunState.PROVISIONING


def _said(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the trainer's own word makes of the run, if it is its last."""
    kind = event["kind"]
    if kind == "completed":
        return {"state": RunState.COMPLETED}
    if kind == "failed":
        message = str(event.get("message") or "The trainer failed and gave no reason.")
        code = str(event.get("code") or "error")
        return {"state": RunState.FAILED, "failure_code": code, "failure_message": message}
    if kind == "stopped":
        code = str(event.get("reason") or "stopped")
        why = {"failure_code": code, "failure_message": event.get("message")}
        return {"state": RunState.INTERRUPTED, **why}
    return {"state": RunState.INTERRUPTED} if kind == "interrupted" else None


def _over(
    seen: Observation, pod: Pod, sight: Sight, now: datetime, heard: bool, page: LogPage | None
) -> Observation:
    """A pod that has ended without a last word of its trainer, when none can come any more."""
    over_for = now - (sight.over_since or now)
    if over_for < LOG_SETTLES or (over_for < LOG_PATIENCE and (page is None or not page.complete)):
        return seen
    code, message = None, None
    if pod.outbid:
        message = "A higher bid took the machine."
    elif pod.status is PodStatus.ERROR and not heard:
        code, message = "pod_error", f"RunPod could not start the trainer's container. {_IMAGE}"
    return replace(seen, state=RunState.INTERRUPTED, failure_code=code, failure_message=message)
