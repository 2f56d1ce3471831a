"""Ending pods for certain: asked for again and again, believed only when the list agrees."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal

from lib.engines.errors import InDoubt, ProviderProblem, Refused, SubmitRefused
from lib.engines.runpod_client import RunPodClient
from lib.engines.runpod_judge import PRICE_TOLERANCE, Sight, other_price
from lib.engines.runpod_pods import Pod, Snapshot

YOUNG = timedelta(seconds=120)  # so long a new pod may be unknown to RunPod's answers
DELETE_EVERY = timedelta(seconds=30)


def end(
    client: RunPodClient,
    sight: Sight,
    pods: Collection[str],
    seen: Snapshot,
    now: datetime,
    *,
    spot: bool,
) -> None:
    """Asks for the end of each pod of which RunPod has not said that it has ended, or that is
    listed all the same; each every `DELETE_EVERY`. Raises ProviderProblem where nothing was asked.
    """
    sight.ending_since = sight.ending_since or now
    for pod_id in {*pods, *sight.deleted}:
        asked = sight.deleted.get(pod_id)
        is_open = pod_id in seen.by_id or pod_id not in sight.ended
        if asked is None or (is_open and now - asked >= DELETE_EVERY):
            _delete(client, sight, pod_id, spot)
            sight.deleted[pod_id] = now


def end_if_dearer(client: RunPodClient, pod: Pod, shown: Decimal) -> None:
    """Nobody has agreed to another price than the one shown: such a pod is ended at once.

    Raises SubmitRefused, and InDoubt where it is not known to be ended.
    """
    cost = pod.hourly_cost
    if cost is None or cost <= shown + PRICE_TOLERANCE:
        return
    try:
        ended = client.delete(pod.id)
    except ProviderProblem:
        ended = False
    if not ended:
        raise InDoubt("RunPod charges more than was shown, and the pod is not known to be ended.")
    raise SubmitRefused("price_changed", other_price(cost, shown), pod.id)


def is_ended(
    sight: Sight, pods: Collection[str], seen: Snapshot, started_at: datetime | None
) -> bool:
    """Whether a list from after the last request has none of the pods.

    Where RunPod never said that it ended a pod, a new one may still be on its way into the list:
    then only time proves it.
    """
    if any(pod_id in seen.by_id for pod_id in {*pods, *sight.deleted}):
        return False
    if any(seen.asked_at <= asked for asked in sight.deleted.values()):
        return False
    if sight.deleted and sight.deleted.keys() <= sight.ended:
        return True
    since = started_at or sight.ending_since
    return since is not None and seen.asked_at - since >= YOUNG


def _delete(client: RunPodClient, sight: Sight, pod_id: str, spot: bool) -> None:
    try:
        if client.delete(pod_id):
            sight.ended.add(pod_id)
        elif spot:
            client.terminate_spot(pod_id)
    except Refused:  # GraphQL does not know the pod either, or it can't be ended just now
        return
    except InDoubt:
        _stop(client, pod_id)


def _stop(client: RunPodClient, pod_id: str) -> None:
    """A pod that may not have been deleted shall at least not go on with its GPU."""
    try:
        client.stop(pod_id)
    except ProviderProblem:
        return
