"""Spot at RunPod: whether this account gets it is found out, never assumed.

RunPod is withdrawing spot. Only GraphQL rents it, and REST may not list what was rented there, so
GraphQL's list is asked as well. Where it refuses for good, nothing is ordered there for a day, and
on demand goes on; but what may be a spot pod is neither gone nor ended until somebody can tell.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from lib.domain.offers import SPOT_OFF, SPOT_REFUSED, Tier
from lib.engines.errors import Refused
from lib.engines.runpod_client import RunPodClient
from lib.engines.runpod_pods import Pod
from lib.settings import SpotPolicy

NO_ORDERS_FOR = timedelta(days=1)
ASK_AGAIN_AFTER = timedelta(minutes=10)  # for a list that was refused
ASK_FOR_A_RUN_AFTER = timedelta(minutes=1)  # where a run is known that was rented on spot


class Spot:
    """What one process knows of spot.

    auto: asked until it is refused. on: a refusal is a problem each time, and the next question
    goes out all the same. off: nothing is rented, and GraphQL is asked about pods only once a run
    is known that was rented on spot earlier.

    `is_looked_for`: spot pods may be there. `is_blind`: GraphQL's list was refused last time.
    """

    def __init__(
        self, client: RunPodClient, policy: SpotPolicy, clock: Callable[[], datetime]
    ) -> None:
        self._client, self._policy, self._clock = client, policy, clock
        self.is_looked_for = policy != "off"
        self.is_blind = False
        self._has_runs = False
        self._orders_from = self._list_from = clock()

    @property
    def is_rented(self) -> bool:
        """Whether a spot pod may be ordered."""
        return self._policy != "off" and self._clock() >= self._orders_from

    @property
    def why_not(self) -> str:
        """Why no spot pod is ordered, where none is."""
        return SPOT_OFF if self._policy == "off" else SPOT_REFUSED

    def may_hide(self, tier: Tier | None) -> bool:
        """Whether a pod of this tier may be there though no list shows it."""
        return self.is_blind and tier is not Tier.ON_DEMAND

    def know(self, tier: Tier | None) -> None:
        """A run of this tier is there: one on spot is looked for whatever the setting says now."""
        if tier is Tier.SPOT and not self._has_runs:
            self.is_looked_for = self._has_runs = True
            self._list_from = self._clock()

    def refuse_orders(self) -> None:
        """GraphQL has said no for good."""
        if self._policy != "on":
            self._orders_from = self._clock() + NO_ORDERS_FOR

    def all_pods(self) -> Sequence[Pod]:
        """REST's list, and what GraphQL knows beyond it. Raises ProviderProblem."""
        pods = {pod.id: pod for pod in self._client.pods()}
        for other in self._graphql_pods():
            known = pods.setdefault(other.id, other)
            pods[other.id] = replace(known, outbid=other.outbid)
        return tuple(pods.values())

    def _graphql_pods(self) -> Sequence[Pod]:
        if not self.is_looked_for or self._clock() < self._list_from:
            return ()
        try:
            listed = self._client.spot_pods()
        except Refused:
            if self._policy == "on":
                raise
            self.is_blind = True
            self.refuse_orders()
            wait = ASK_FOR_A_RUN_AFTER if self._has_runs else ASK_AGAIN_AFTER
            self._list_from = self._clock() + wait
            return ()
        self.is_blind = False
        return listed
