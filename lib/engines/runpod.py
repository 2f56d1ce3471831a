"""RunPod as an engine: a pod an attempt, found by its name, ended for certain.

What is decided here, and why:
- An order is sent once. Whether it was carried out is told by the pod's name, and lists lag: `find`
  says no only when the name has been missing from several lists over a while.
- Nothing is gone because one answer says so: a new pod can be unknown for a while, to the list as
  well as by its id, and a DELETE's 404 proves nothing.
- All look-ups share one list, and logs are read on an allowance: RunPod allows about 3,000
  questions an hour, and there may be 1,000 pods. An ended pod's log is always read.
- A spot run is rented on spot or not at all.

What is remembered here only saves questions and time: whoever starts anew waits again.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from lib.domain.money import ZERO, cents
from lib.domain.offers import NO_BALANCE, RUNPOD_ENGINE, SPOT_REFUSED, Offer, Tier
from lib.engines.base import Observation, RunHandle, RunSpec, RunState
from lib.engines.bills import Bill
from lib.engines.clock import steady_now
from lib.engines.errors import (
    InDoubt,
    NoBalance,
    ProviderProblem,
    Refused,
    SubmitRefused,
    Undecided,
    Unreachable,
)
from lib.engines.names import parse_run_name
from lib.engines.runpod_client import Balance, RunPodClient
from lib.engines.runpod_ending import YOUNG, end, end_if_dearer, is_ended
from lib.engines.runpod_judge import (
    GOING_ON,
    Sight,
    after,
    judge,
)
from lib.engines.runpod_log import LogPage, events_after
from lib.engines.runpod_pods import (
    Pod,
    PodList,
    PodPlan,
    PodPlanner,
    PodStatus,
    Snapshot,
    on_demand_request,
    spot_request,
)
from lib.engines.runpod_spot import Spot
from lib.engines.turns import Turns
from lib.settings import SpotPolicy

LIST_AGE = timedelta(seconds=5)  # 720 questions an hour for a worker
GONE_AFTER = timedelta(seconds=30)  # an older one is gone that no list has shown for so long
LOG_EVERY = timedelta(seconds=7)  # the allowance of reading logs of pods that go on
HINTED_EVERY = timedelta(seconds=4)  # a further one, for those that say that they have news
BLIND_PATIENCE = timedelta(minutes=15)  # with an order that only a list that is refused may show
BILLED_AFTER = timedelta(hours=1)  # the end as we saw it, a pod may still have been billed
CLOCKS_APART = timedelta(hours=1)  # at most, ours and a machine's
_SIGHTS = 10_000


class RunPod:
    """Implements `lib.engines.base.Engine`. An external id is RunPod's pod id.

    Args:
        prefix: begins the names of all pods of this installation, so that installations that share
            an account leave each other's pods alone.
        spot: whether spot may be rented (`runpod_spot`).
        most: how many pods may run at once; None: any number.
        offers: what can be had; the catalogue is read by `runpod_catalog`.
    """

    name = RUNPOD_ENGINE

    def __init__(
        self,
        client: RunPodClient,
        planner: PodPlanner,
        *,
        prefix: str,
        spot: SpotPolicy,
        offers: Callable[[], Sequence[Offer]],
        most: int | None = None,
        clock: Callable[[], datetime] = steady_now,
    ) -> None:
        self._client, self._planner = client, planner
        self._prefix, self._most = f"{prefix}.", most
        self._offers = offers
        self._clock = clock
        self._spot = Spot(client, spot, clock)
        self._pods = PodList(self._spot.all_pods, clock, LIST_AGE)
        self._sights: OrderedDict[str, Sight] = OrderedDict()
        self._lock = threading.Lock()
        self._log_turns = Turns(LOG_EVERY, clock)
        self._hinted_turns = Turns(HINTED_EVERY, clock)

    def offers(self) -> Sequence[Offer]:
        return self._offers()

    def capacity(self) -> int | None:
        return self._most

    def balance(self) -> Balance:
        return self._client.balance()

    def owned_pods(self) -> Sequence[Pod]:
        """The pods of this installation, by their whole names, as RunPod lists them now."""
        pods = (pod for pod in self._pods.current().pods if pod.name.startswith(self._prefix))
        return sorted(pods, key=lambda pod: (pod.name, pod.id))

    def submit(self, run: RunSpec) -> str:
        """Orders the pod, once. Raises SubmitRefused where it was refused for good.

        NoCapacity, RateLimited and Unreachable: nothing was ordered, for certain. InDoubt: the pod
        may exist; `find` tells.
        """
        plan = self._planner.plan(run)
        name = self._prefix + run.name
        self._sight(run.name).tier = plan.tier
        if plan.tier is Tier.LOCAL:
            raise ValueError("a plan for RunPod is on spot or on demand")
        if plan.tier is Tier.SPOT and not self._spot.is_rented:
            raise SubmitRefused("spot_unavailable", self._spot.why_not)
        self._spot.know(plan.tier)
        if self._pods.current().by_name.get(name):
            raise InDoubt("A pod of this name is there already.")
        try:
            pod = self._order(name, run, plan)
        except NoBalance:
            raise SubmitRefused("no_balance", NO_BALANCE) from None
        except Refused as problem:
            raise SubmitRefused(problem.code, str(problem)) from None
        end_if_dearer(self._client, pod, plan.hourly_rate)
        return pod.id

    def _order(self, name: str, run: RunSpec, plan: PodPlan) -> Pod:
        if not run.is_ours():
            raise Unreachable("The order came too late, and was not sent.")
        if plan.tier is Tier.ON_DEMAND:
            return self._client.create(on_demand_request(name, run, plan))
        try:
            return self._client.rent_spot(spot_request(name, run, plan))
        except Refused as problem:
            if problem.code in ("image_not_found", "key_refused"):
                raise
            self._spot.refuse_orders()
            raise Refused("spot_unavailable", SPOT_REFUSED) from None

    def find(self, name: str, claimed: str | None = None) -> str | None:
        """A pod that has called in is believed to be there, unless the list knows it as another.

        Raises Undecided while it is too early to say that there is none.
        """
        sight, seen = self._sight(name), self._pods.current()
        found = seen.by_name.get(self._prefix + name)
        if found:
            sight.sought_since = None
            return found[0].id
        if claimed is not None and claimed not in seen.by_id:
            return claimed
        sight.sought_since = sight.sought_since or seen.asked_at
        patience = BLIND_PATIENCE if self._spot.may_hide(sight.tier) else YOUNG
        if seen.asked_at - sight.sought_since < patience:
            raise Undecided("RunPod's list does not show the pod, and may not be up to date.")
        return None

    def observe(self, run: RunHandle, offset: int) -> Observation:
        """From the shared list, and from the pod's log when it is its turn."""
        sight = self._sight(run.name)
        if sight.verdict is not None:
            return replace(after(sight.verdict, offset), ended_at=sight.stopped_at)
        self._spot.know(run.tier)
        seen = self._pods.current()
        pod = self._there(run, seen)
        if pod is None:
            return self._missing(run, offset, sight, seen)
        sight.see(pod, seen.asked_at)
        page = self._read_log(run, pod, offset, sight)
        events, reached = events_after(page.lines if page else (), run.attempt, offset)
        if page is not None:
            sight.read(page, reached)
        observed = judge(run, pod, sight, seen.asked_at, events, reached, page)
        if observed.state in GOING_ON:
            return observed
        sight.verdict = observed
        return replace(observed, ended_at=sight.stopped_at)

    def terminate(self, run: RunHandle) -> bool:
        """Deletes every pod of the run's name; True once a later list has none of them."""
        self._forget_turns(run)
        self._spot.know(run.tier)
        sight, seen = self._sight(run.name), self._pods.current()
        pods = {pod.id for pod in seen.by_name.get(self._prefix + run.name, ())}
        if run.external_id is not None:
            pods.add(run.external_id)
        now = self._clock()
        end(self._client, sight, pods, seen, now, spot=self._spot.is_looked_for)
        said_so = bool(sight.deleted) and sight.deleted.keys() <= sight.ended
        if not said_so and self._spot.may_hide(run.tier):
            return False
        if not is_ended(sight, pods, seen, run.started_at):
            return False
        sight.gone_at = sight.gone_at or seen.asked_at
        return True

    def list_owned(self) -> Sequence[str]:
        names = (
            name.removeprefix(self._prefix)
            for name in self._pods.current().by_name
            if name.startswith(self._prefix)
        )
        return sorted(name for name in names if parse_run_name(name))

    def cost(self, run: RunHandle, now: datetime) -> Decimal:
        """The rate for the time from the start until now, or until the pod was seen to be over."""
        if run.started_at is None:
            return ZERO
        end = min(now, self._sight(run.name).stopped_at or now)
        elapsed = max(end - run.started_at, timedelta())
        return cents(run.hourly_rate * (elapsed // timedelta(milliseconds=1)) / 3_600_000)

    def bill(self, run: RunHandle, ended_at: datetime) -> Bill:
        """The run's cost as metered until `ended_at`, and as billed."""
        metered = self.cost(run, ended_at)
        if run.external_id is None or run.started_at is None:
            return Bill(metered, None)
        until = ended_at + BILLED_AFTER
        return Bill(metered, self._client.billed(run.external_id, run.started_at, until))

    def _there(self, run: RunHandle, seen: Snapshot) -> Pod | None:
        if run.external_id is not None and run.external_id in seen.by_id:
            return seen.by_id[run.external_id]
        named = seen.by_name.get(self._prefix + run.name)
        return named[0] if named else None

    def _missing(self, run: RunHandle, offset: int, sight: Sight, seen: Snapshot) -> Observation:
        """A run that the list does not show: gone only after a while, and after asking by id."""
        going_on = Observation(RunState.PROVISIONING, offset=offset)
        is_young = run.started_at is not None and seen.asked_at - run.started_at < YOUNG
        if is_young and not sight.listed:
            return going_on  # not missing, and it costs money
        hidden = self._spot.may_hide(run.tier)  # a list that cannot show it tells nothing
        since = seen.asked_at if hidden else sight.missing_since or seen.asked_at
        sight.missing_since = None if hidden else since
        if seen.asked_at - (run.started_at or since) < YOUNG:
            return going_on
        if not hidden and seen.asked_at - since < GONE_AFTER:
            return going_on
        pod = self._client.pod(run.external_id) if run.external_id is not None else None
        if pod is not None and pod.status is not PodStatus.TERMINATED:
            sight.missing_since = seen.asked_at
            return going_on
        if hidden:
            raise Undecided("RunPod refuses its list of spot pods, so nobody knows of this one.")
        sight.verdict = Observation(RunState.GONE, offset=offset)
        return replace(sight.verdict, ended_at=sight.stopped_at)

    def _read_log(self, run: RunHandle, pod: Pod, offset: int, sight: Sight) -> LogPage | None:
        """The next page, or None where it is not this pod's turn or cannot be had just now."""
        turns = self._hinted_turns if run.hinted else self._log_turns
        working = pod.status is PodStatus.RUNNING
        if not pod.is_over and not (working and turns.take(run.name)):
            return None
        self._forget_turns(run)
        cursor = sight.cursor if offset == sight.offset else None
        since = run.started_at - CLOCKS_APART if run.started_at else None
        try:
            return self._client.log(pod.id, cursor=cursor, since=since)
        except ProviderProblem:  # the state is known without it, and it is read again
            return None

    def _forget_turns(self, run: RunHandle) -> None:
        """Nobody waits for a run whose log is read now, or never again."""
        for turns in (self._hinted_turns, self._log_turns):
            turns.forget(run.name)

    def _sight(self, name: str) -> Sight:
        with self._lock:
            sight = self._sights.setdefault(name, Sight())
            self._sights.move_to_end(name)
            if len(self._sights) > _SIGHTS:
                self._sights.popitem(last=False)
            return sight
