"""What a pod is: as RunPod lists it, as we order it, and the list that all look-ups share."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol

from pydantic import SecretStr

from lib.domain.money import LARGEST_AMOUNT
from lib.domain.offers import Tier
from lib.engines.base import RunSpec
from lib.engines.errors import ProviderProblem, RateLimited
from lib.engines.names import is_external_id

MOST_VARIABLES = 50  # that RunPod takes for one pod
_FORM = "RunPod's list of pods has another form than expected."


class PodStatus(StrEnum):
    """REST v2's words."""

    PROVISIONING = "PROVISIONING"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    EXITED = "EXITED"
    ERROR = "ERROR"
    TERMINATED = "TERMINATED"


@dataclass(frozen=True)
class Pod:
    """What we read of a pod. Its environment holds secrets and is not read at all.

    `status` is None for one that we do not know; `hourly_cost` is in dollars; `outbid`: GraphQL
    says that a higher bid took its machine.
    """

    id: str
    name: str
    status: PodStatus | None
    hourly_cost: Decimal | None
    created_at: datetime | None
    outbid: bool = False

    @property
    def is_over(self) -> bool:
        return self.status in (PodStatus.EXITED, PodStatus.ERROR)


@dataclass(frozen=True)
class PodPlan:
    """All that one attempt's pod needs, bought at the price that was shown.

    `hourly_rate` is the most that an hour may cost, and on spot the bid. `data_url` gives the
    training data of this job alone, `results_url` takes checkpoints and adapter; both expire. The
    pod keeps the limits by itself: it saves and stops after `max_seconds` or `max_dollars`, ends
    itself when it has heard nothing for `dead_man_seconds`, and waits `linger_seconds` after its
    end, so that its last words can be read. `variables` is what else it is told, secrets included.
    """

    gpu_id: str  # RunPod's own id
    tier: Tier
    hourly_rate: Decimal
    image: str
    args: str
    disk_gb: int
    data_url: SecretStr
    results_url: SecretStr
    callback_url: str
    callback_token: SecretStr
    max_seconds: int
    max_dollars: Decimal
    dead_man_seconds: int
    linger_seconds: int = 300
    data_centers: Sequence[str] = ()  # none: anywhere
    registry: str | None = None  # RunPod's id of the credential for a private image
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


class PodPlanner(Protocol):
    """Makes the plan of an attempt: signs its addresses, makes its token, knows its offer."""

    def plan(self, run: RunSpec) -> PodPlan:
        """Raises SubmitRefused where there can be no plan."""


def environment(run: RunSpec, plan: PodPlan) -> dict[str, str]:
    """The pod's environment variables, secrets in clear. Raises ValueError beyond 50."""
    variables = {
        **plan.variables,
        "LORA_RUN": run.name,
        "LORA_JOB_ID": str(run.job_id),
        "LORA_ATTEMPT": str(run.attempt),
        "LORA_DATA_URL": plan.data_url.get_secret_value(),
        "LORA_RESULTS_URL": plan.results_url.get_secret_value(),
        "LORA_CALLBACK_URL": plan.callback_url,
        "LORA_CALLBACK_TOKEN": plan.callback_token.get_secret_value(),
        "LORA_HOURLY_RATE": str(plan.hourly_rate),
        "LORA_MAX_SECONDS": str(plan.max_seconds),
        "LORA_MAX_DOLLARS": str(plan.max_dollars),
        "LORA_DEAD_MAN_SECONDS": str(plan.dead_man_seconds),
        "LORA_LINGER_SECONDS": str(plan.linger_seconds),
    }
    if len(variables) > MOST_VARIABLES:
        raise ValueError(f"a pod takes {MOST_VARIABLES} environment variables at most")
    return variables


def on_demand_request(name: str, run: RunSpec, plan: PodPlan) -> dict[str, Any]:
    """The body of `POST /v2/pods`. No port is opened: the pod is called by nobody."""
    body: dict[str, Any] = {
        "name": name,
        "image": plan.image,
        "args": plan.args,
        "disk": plan.disk_gb,
        "env": environment(run, plan),
        "cloud": "SECURE",
        "gpu": {"id": plan.gpu_id, "count": 1},
    }
    if plan.data_centers:
        body["dataCenterIds"] = list(plan.data_centers)
    if plan.registry is not None:
        body["registry"] = plan.registry
    return body


def spot_request(name: str, run: RunSpec, plan: PodPlan) -> dict[str, Any]:
    """The input of GraphQL's `podRentInterruptable`: the rate that was shown is the bid."""
    wanted: dict[str, Any] = {
        "name": name,
        "imageName": plan.image,
        "dockerArgs": plan.args,
        "containerDiskInGb": plan.disk_gb,
        "volumeInGb": 0,
        "env": [{"key": key, "value": value} for key, value in environment(run, plan).items()],
        "cloudType": "SECURE",
        "gpuTypeId": plan.gpu_id,
        "gpuCount": 1,
        "bidPerGpu": float(plan.hourly_rate),
    }
    if plan.data_centers:
        wanted["dataCenterId"] = plan.data_centers[0]
    if plan.registry is not None:
        wanted["containerRegistryAuthId"] = plan.registry
    return wanted


def read_pods(answer: Any) -> tuple[Pod, ...]:
    """A list in which one entry cannot be read is no list: what is left out would count as gone."""
    listed = answer.get("pods") if isinstance(answer, Mapping) else None
    if not isinstance(listed, list):
        raise ProviderProblem(_FORM)
    return tuple(map(read_pod, listed))


def read_pod(entry: Any) -> Pod:
    """One pod of REST v2. Raises ProviderProblem where it has no usable id."""
    if not isinstance(entry, Mapping):
        raise ProviderProblem(_FORM)
    cost = entry.get("cost")
    try:
        created_at = datetime.fromisoformat(str(entry.get("createdAt")))
    except ValueError:
        created_at = None
    return Pod(
        id=read_id(entry.get("id")),
        name=str(entry.get("name") or ""),
        status=read_status(entry.get("status")),
        hourly_cost=None if cost is None else read_amount(cost),
        created_at=created_at if created_at and created_at.tzinfo else None,
    )


def read_status(value: Any) -> PodStatus | None:
    return next((status for status in PodStatus if status == value), None)


def read_id(value: Any) -> str:
    if not isinstance(value, str) or not is_external_id(value):
        raise ProviderProblem(_FORM)
    return value


def read_amount(value: Any) -> Decimal:
    """Dollars as RunPod writes them. Raises ProviderProblem for what is no amount."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not -LARGEST_AMOUNT <= amount <= LARGEST_AMOUNT:
        raise ProviderProblem("RunPod states an amount that is none.")
    return amount


@dataclass(frozen=True)
class Snapshot:
    """All pods at one moment; `asked_at` is when the question was sent."""

    asked_at: datetime
    pods: tuple[Pod, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Pod]:
        return {pod.id: pod for pod in self.pods}

    @cached_property
    def by_name(self) -> Mapping[str, Sequence[Pod]]:
        """Names are not unique; the oldest pod of a name comes first."""
        grouped: dict[str, list[Pod]] = {}
        for pod in sorted(self.pods, key=lambda pod: (str(pod.created_at or "9"), pod.id)):
            grouped.setdefault(pod.name, []).append(pod)
        return grouped


class PodList:
    """One list for all who ask within `max_age`, its failure included: an hour has few questions.

    Pods that have been terminated and are still listed are left out.
    """

    def __init__(
        self,
        fetch: Callable[[], Sequence[Pod]],
        clock: Callable[[], datetime],
        max_age: timedelta,
    ) -> None:
        self._fetch, self._clock, self._max_age = fetch, clock, max_age
        self._lock = threading.Lock()
        self._newest: Snapshot | None = None
        self._failure: tuple[datetime, ProviderProblem] | None = None

    def current(self) -> Snapshot:
        """Raises ProviderProblem where RunPod has not said lately what there is."""
        with self._lock:
            now = self._clock()
            if self._newest is not None and now - self._newest.asked_at < self._max_age:
                return self._newest
            if self._failure is not None and now - self._failure[0] < self._max_age:
                raise self._failure[1].with_traceback(None)
            try:
                pods = self._fetch()
            except ProviderProblem as problem:
                pause = problem.after if isinstance(problem, RateLimited) else timedelta()
                self._failure = (now + max(pause - self._max_age, timedelta()), problem)
                raise
            there = tuple(pod for pod in pods if pod.status is not PodStatus.TERMINATED)
            self._newest = Snapshot(now, there)
            return self._newest
