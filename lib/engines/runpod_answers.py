"""RunPod's answers, read: what they say, or the error that tells what has become of the question.

What RunPod writes is searched and never repeated in a message: it might repeat the key or a pod's
environment.
"""

import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
from pydantic import SecretStr

from lib.engines import runpod_graphql as graphql
from lib.engines.errors import (
    InDoubt,
    NoBalance,
    NoCapacity,
    ProviderProblem,
    RateLimited,
    Refused,
    Unreachable,
)

TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_DEFAULT_WAIT, _LONGEST_WAIT = 10, 3600  # seconds, after a 429
#: RunPod tells a lack of machines from a broken rule by its text alone.
_CAPACITY = re.compile(
    r"no longer any instances|no instances|does not have the resources|capacity|out of stock"
    r"|could not be placed",
    re.IGNORECASE,
)
#: How a registry's answers read; which of them RunPod passes on is not known.
_IMAGE = re.compile(
    r"manifest unknown|pull access denied|invalid reference format|repository does not exist"
    r"|image\b.{0,80}(?:not found|does not exist|could not be pulled)",
    re.IGNORECASE,
)
_MONEY = re.compile(r"balance|insufficient funds|not enough funds|spend limit", re.IGNORECASE)
_UNCERTAIN = frozenset({408, 425, 499})  # answers below 500 that say nothing about the order
_OF_THE_REQUEST = frozenset({400, 422})
_NO_IMAGE = "RunPod cannot find the image in TRAINER_IMAGE, or may not pull it (RUNPOD_REGISTRY)."
_NO_CAPACITY = "RunPod has no machine of this kind free at the moment."
_NO_BALANCE = "RunPod's account has no money left."


def open_http(key: SecretStr, timeout: httpx.Timeout = TIMEOUT) -> httpx.Client:
    """A client that shows RunPod the key; it follows no redirect and repeats nothing."""
    headers = {"Authorization": f"Bearer {key.get_secret_value()}", "Accept": "application/json"}
    return httpx.Client(headers=headers, timeout=timeout)


def read_json(response: httpx.Response) -> Any:
    """The JSON of an answer, its numbers exact. Raises ProviderProblem."""
    try:
        return json.loads(response.content, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise ProviderProblem("RunPod's answer is not the JSON that was expected.") from None


def check(response: httpx.Response, order: bool) -> None:
    """Returns for 2xx and 404; raises what else an answer means.

    `order`: the question may have changed something, so that an answer without a clear yes or no
    leaves it in doubt.
    """
    status = response.status_code
    if response.is_success or status == httpx.codes.NOT_FOUND:
        return
    if status == httpx.codes.TOO_MANY_REQUESTS:
        wait = retry_after(response)
        seconds = int(wait.total_seconds())
        raise RateLimited(wait, f"RunPod asks to be asked again in {seconds} seconds (HTTP 429).")
    if status == httpx.codes.PAYMENT_REQUIRED:
        raise NoBalance(_NO_BALANCE)
    if status == httpx.codes.BAD_REQUEST and _CAPACITY.search(response.text):
        raise NoCapacity(_NO_CAPACITY)
    if status in _OF_THE_REQUEST and _IMAGE.search(response.text):
        raise Refused("image_not_found", _NO_IMAGE)
    if 400 <= status < 500 and status not in _UNCERTAIN:
        raise _refusal(status)
    kind = InDoubt if order else Unreachable
    raise kind(f"RunPod has a problem of its own at the moment (HTTP {status}).")


def graphql_problem(answer: Any, order: bool) -> ProviderProblem:
    """What the errors inside a GraphQL answer mean."""
    text = graphql.errors(answer)
    if _CAPACITY.search(text):
        return NoCapacity(_NO_CAPACITY)
    if _MONEY.search(text):
        return NoBalance(_NO_BALANCE)
    if graphql.is_refusal(answer):
        if _IMAGE.search(text):
            return Refused("image_not_found", _NO_IMAGE)
        return Refused("refused", "RunPod refused the question (GraphQL).")
    if order:
        return InDoubt("RunPod had a problem with the order (GraphQL).")
    return Unreachable("RunPod had a problem with the question (GraphQL).")


def retry_after(response: httpx.Response) -> timedelta:
    """How long a 429 asks us to wait; 10 seconds where it does not say, an hour at most."""
    said = response.headers.get("Retry-After", "")
    seconds = int(said) if re.fullmatch(r"[0-9]{1,9}", said) else _DEFAULT_WAIT
    return timedelta(seconds=min(max(seconds, 1), _LONGEST_WAIT))


def _refusal(status: int) -> Refused:
    """An answer that stays the same however often it is asked."""
    if status == httpx.codes.UNAUTHORIZED:
        return Refused(
            "key_refused", "RunPod does not accept the key in RUNPOD_API_KEY (HTTP 401)."
        )
    if status == httpx.codes.FORBIDDEN:
        return Refused("no_access", "The key in RUNPOD_API_KEY may not do this (HTTP 403).")
    return Refused("refused", f"RunPod refused the request (HTTP {status}).")
