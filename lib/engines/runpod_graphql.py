"""The little of RunPod's GraphQL that REST v2 does not have; values travel as variables alone."""

from collections.abc import Mapping
from typing import Any

from lib.engines.errors import ProviderProblem
from lib.engines.runpod_pods import Pod, PodStatus, read_amount, read_id, read_status

RENT_SPOT = """
mutation RentSpot($input: PodRentInterruptableInput!) {
  podRentInterruptable(input: $input) { id name costPerHr desiredStatus lastStatusChange }
}
"""
TERMINATE = """
mutation Terminate($input: PodTerminateInput!) { podTerminate(input: $input) }
"""
PODS = """
query Pods {
  myself {
    pods { id name costPerHr desiredStatus lastStatusChange runtime { uptimeInSeconds } }
  }
}
"""
BALANCE = """
query Balance { myself { clientBalance currentSpendPerHr } }
"""
#: Codes of errors that come before anything is done.
_REFUSALS = frozenset(
    {"BAD_USER_INPUT", "FORBIDDEN", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}
    | {"UNAUTHENTICATED"}
)
_FORM = "RunPod's answer (GraphQL) has another form than expected."


def errors(answer: Any) -> str:
    """The messages of the errors inside an answer, to be searched and never to be shown."""
    return " ".join(str(error.get("message", "error")) for error in _errors(answer))


def is_refusal(answer: Any) -> bool:
    """Whether every error says that nothing was done."""
    codes = [(error.get("extensions") or {}).get("code") for error in _errors(answer)]
    return all(code in _REFUSALS for code in codes)


def pods(data: Mapping[str, Any]) -> tuple[Pod, ...]:
    myself = data.get("myself")
    listed = myself.get("pods") if isinstance(myself, Mapping) else None
    if not isinstance(listed, list):
        raise ProviderProblem(_FORM)
    return tuple(pod(entry) for entry in listed)


def pod(entry: Any) -> Pod:
    """One pod. Raises ProviderProblem where it has no id.

    GraphQL has no status between wanted and running: without a runtime a pod is still starting.
    """
    if not isinstance(entry, Mapping):
        raise ProviderProblem(_FORM)
    status = read_status(entry.get("desiredStatus"))
    if status is PodStatus.RUNNING and not entry.get("runtime"):
        status = PodStatus.STARTING
    cost = entry.get("costPerHr")
    change = entry.get("lastStatusChange")
    return Pod(
        id=read_id(entry.get("id")),
        name=str(entry.get("name") or ""),
        status=status,
        hourly_cost=None if cost is None else read_amount(cost),
        created_at=None,
        outbid=isinstance(change, str) and change.lower().startswith("outbid:"),
    )


def _errors(answer: Any) -> list[Mapping[str, Any]]:
    found = answer.get("errors") if isinstance(answer, Mapping) else None
    if not isinstance(found, list):
        return []
    return [error if isinstance(error, Mapping) else {} for error in found]
