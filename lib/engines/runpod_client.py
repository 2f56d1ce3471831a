"""RunPod on the wire: one method a call, answers as values, and errors told apart.

REST v2 does everything but three things that only GraphQL has: the balance, renting on spot, and
why a pod went. An order that may have been carried out is `InDoubt` and is never sent again here:
RunPod has no idempotency key, and a second create would be a second pod that bills.

What RunPod writes is never repeated in a message: it might repeat the key or a pod's environment.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from lib.domain.money import ZERO, cents
from lib.engines import runpod_answers as answers
from lib.engines import runpod_graphql as graphql
from lib.engines.clock import steady_now
from lib.engines.errors import (
    InDoubt,
    ProviderProblem,
    RateLimited,
    Refused,
    Unreachable,
)
from lib.engines.runpod_log import LogPage, read_stream
from lib.engines.runpod_pods import Pod, read_amount, read_pod, read_pods

#: A pod's log never ends by itself: silence of this length means that all there is has been sent.
LOG_TIMEOUT = httpx.Timeout(1.5, connect=5.0)
PODS = "/v2/pods"
BILLING = "/v2/billing/pods"


@dataclass(frozen=True)
class Balance:
    """The account's money in dollars, and what all its pods together cost an hour now."""

    dollars: Decimal
    hourly_spend: Decimal


class RunPodClient:
    """Safe to share between threads. After a 429 nothing is sent until RunPod's time is up."""

    def __init__(
        self,
        key: SecretStr,
        *,
        api_url: str,
        graphql_url: str,
        timeout: httpx.Timeout = answers.TIMEOUT,
        log_timeout: httpx.Timeout = LOG_TIMEOUT,
        clock: Callable[[], datetime] = steady_now,
    ) -> None:
        self._api, self._graphql = api_url, graphql_url
        self._http = answers.open_http(key, timeout)
        self._log_timeout = log_timeout
        self._clock = clock
        self._held_until: datetime | None = None

    def close(self) -> None:
        self._http.close()

    def pods(self) -> tuple[Pod, ...]:
        """All pods of the account, those of others in it too. A new one may be missing a while."""
        return read_pods(self._ask(PODS))

    def pod(self, pod_id: str) -> Pod | None:
        """One pod. None proves nothing: a new one can be unknown for a while."""
        answer = self._send("GET", _path(pod_id))
        return (
            None
            if answer.status_code == httpx.codes.NOT_FOUND
            else read_pod(answers.read_json(answer))
        )

    def create(self, body: Mapping[str, Any]) -> Pod:
        """Creates a pod on demand. Sent once; InDoubt where it may exist all the same."""
        answer = self._send("POST", PODS, order=True, json=body)
        try:
            return read_pod(answers.read_json(answer))
        except ProviderProblem:  # accepted, so it exists, whatever it is called
            raise InDoubt("RunPod's answer about a new pod cannot be read.") from None

    def rent_spot(self, wanted: Mapping[str, Any]) -> Pod:
        """Bids for an interruptible pod, by GraphQL. Sent once; InDoubt as with `create`."""
        data = self._query(graphql.RENT_SPOT, {"input": dict(wanted)}, order=True)
        try:
            return graphql.pod(data.get("podRentInterruptable"))
        except ProviderProblem:
            raise InDoubt("RunPod's answer about a new spot pod cannot be read.") from None

    def delete(self, pod_id: str) -> bool:
        """True: RunPod says that it has ended the pod for good. False: it knows no such pod."""
        answer = self._send("DELETE", _path(pod_id), order=True)
        return answer.status_code != httpx.codes.NOT_FOUND

    def terminate_spot(self, pod_id: str) -> None:
        """Ends a pod that only GraphQL knows."""
        self._query(graphql.TERMINATE, {"input": {"podId": pod_id}}, order=True)

    def stop(self, pod_id: str) -> None:
        """Ends what is dear about a pod, its GPU; the pod itself stays, and so does its disk."""
        self._send("POST", _path(pod_id) + "/action", order=True, json={"action": "stop"})

    def spot_pods(self) -> tuple[Pod, ...]:
        """All pods as GraphQL has them, with its reasons. A refusal is no empty list: it raises."""
        return graphql.pods(self._query(graphql.PODS))

    def balance(self) -> Balance:
        """Raises ProviderProblem where GraphQL, the only one that knows it, does not say."""
        myself = self._query(graphql.BALANCE).get("myself")
        if not isinstance(myself, Mapping):
            raise ProviderProblem("RunPod does not say what is left on the account.")
        spend = myself.get("currentSpendPerHr") or 0
        return Balance(cents(read_amount(myself.get("clientBalance"))), cents(read_amount(spend)))

    def billed(self, pod_id: str, start: datetime, end: datetime) -> Decimal | None:
        """What RunPod has billed for a pod, in dollars to the cent; None: nothing yet.

        Bills are kept by the hour, so that whole hours are asked for, of this pod alone.
        """
        first, last = (at.replace(minute=0, second=0, microsecond=0) for at in (start, end))
        window = {
            "podId": pod_id,
            "startTime": _rfc3339(first),
            "endTime": _rfc3339(last + timedelta(hours=1)),
            "bucketSize": "hour",
        }
        answer = self._ask(BILLING, params=window)
        records = answer.get("records") if isinstance(answer, Mapping) else None
        if not isinstance(records, list):
            raise ProviderProblem("RunPod's bill has another form than expected.")
        buckets: dict[str, Decimal] = {}
        for record in records:
            if not isinstance(record, Mapping):
                raise ProviderProblem("RunPod's bill has another form than expected.")
            if record.get("podId") == pod_id:  # an hour that is listed twice counts once
                buckets[str(record.get("startTime"))] = read_amount(record.get("totalAmount"))
        return cents(sum(buckets.values(), ZERO)) if buckets else None

    def log(self, pod_id: str, *, cursor: str | None, since: datetime | None) -> LogPage | None:
        """The next page of what the container has printed, after `cursor`, else from `since` on.

        None where RunPod knows no such pod, or has no log of it.
        """
        params = {"source": "container"}
        headers = {"Accept": "text/event-stream"}
        if cursor is not None:
            headers["Last-Event-ID"] = cursor
        elif since is not None:
            params["since"] = _rfc3339(since)
        else:
            params["tail"] = "5000"
        request = self._http.build_request(
            "GET",
            self._api + _path(pod_id) + "/logs",
            params=params,
            headers=headers,
            timeout=self._log_timeout,
        )
        with self._answering(order=False):
            response = self._http.send(request, stream=True)
            try:
                if response.status_code == httpx.codes.OK:
                    return read_stream(response.iter_bytes(), cursor)
                response.read()
            finally:
                response.close()
        self._check(response, order=False)
        return None

    def _ask(self, path: str, **options: Any) -> Any:
        return answers.read_json(self._send("GET", path, **options))

    def _send(
        self, method: str, path: str, *, order: bool = False, **options: Any
    ) -> httpx.Response:
        """The answer, if it is a good one or a 404. `order`: the request may change something."""
        with self._answering(order):
            response = self._http.request(method, self._api + path, **options)
        self._check(response, order)
        if response.status_code == httpx.codes.NOT_FOUND and method not in ("GET", "DELETE"):
            raise Refused("not_found", "RunPod does not know what was asked for (HTTP 404).")
        return response

    def _query(
        self, query: str, variables: Mapping[str, Any] | None = None, *, order: bool = False
    ) -> Mapping[str, Any]:
        """The data of a GraphQL answer, which is 200 with its errors inside."""
        question = {"query": query, "variables": dict(variables or {})}
        with self._answering(order):
            response = self._http.post(self._graphql, json=question)
        self._check(response, order)
        if response.status_code == httpx.codes.NOT_FOUND:
            raise Refused("not_found", "RunPod no longer has this service (HTTP 404).")
        try:
            answer = answers.read_json(response)
        except ProviderProblem as problem:
            raise InDoubt(str(problem)) if order else problem from None
        if graphql.errors(answer):
            raise answers.graphql_problem(answer, order)
        data = answer.get("data") if isinstance(answer, Mapping) else None
        return data if isinstance(data, Mapping) else {}

    @contextmanager
    def _answering(self, order: bool) -> Iterator[None]:
        """Turns what may go wrong on the way into errors that say what it means."""
        wait = (self._held_until - self._clock()) if self._held_until else timedelta()
        if wait > timedelta():
            raise RateLimited(wait, "RunPod has asked to be left alone for a while.")
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(f"RunPod cannot be reached ({type(error).__name__}).") from None
        except httpx.HTTPError as error:
            kind = InDoubt if order else Unreachable
            raise kind(f"RunPod did not answer ({type(error).__name__}).") from None

    def _check(self, response: httpx.Response, order: bool) -> None:
        try:
            answers.check(response, order)
        except RateLimited as problem:
            self._held_until = self._clock() + problem.after
            raise


def _path(pod_id: str) -> str:
    return f"{PODS}/{quote(pod_id, safe='')}"


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
