"""RunPod's account, read now and then by the worker and kept for those who look: its balance, and
the pods of ours that are there. No page asks RunPod itself.
"""

import json
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from lib import engines
from lib.db import installation, system_status, work
from lib.db.connection import transaction
from lib.domain.offers import NO_BALANCE, RUNPOD_ENGINE, Offer
from lib.domain.rented_account import Account, Rented, RentedPod
from lib.engines.errors import ProviderProblem
from lib.engines.runpod_setup import missing, pod_prefix
from lib.settings import settings

TASK = "runpod_account"  # the periodic task's name
BELIEVED_FOR = timedelta(hours=1)  # an older balance keeps nobody from starting
_KEY = "runpod_account"  # of the installation's values


def look() -> None:
    """The periodic task: pods and balance. Raises ProviderProblem where RunPod lists no pods.

    A balance that is not told is kept as that: only GraphQL knows it, and runs do without.
    """
    runpod = engines.rented()
    if runpod is None:
        return
    pods = [
        {
            "name": pod.name,
            "status": pod.status and str(pod.status),
            "hourly_cost": None if pod.hourly_cost is None else str(pod.hourly_cost),
        }
        for pod in runpod.owned_pods()
    ]
    found: dict[str, object] = {"pods": pods}
    try:
        balance = runpod.balance()
    except ProviderProblem as problem:
        found["problem"] = str(problem)
    else:
        found |= {"balance": str(balance.dollars), "hourly_spend": str(balance.hourly_spend)}
    with transaction() as connection:
        found["read_at"] = system_status.now(connection).isoformat()
        installation.put(connection, _KEY, json.dumps(found))


def rented(connection: Connection) -> Rented | None:
    """How RunPod is set up here, with its account as it was read last; None without a key."""
    if settings().runpod_api_key is None:
        return None
    return Rented(pod_prefix(), missing(), account(connection))


def account(connection: Connection) -> Account | None:
    """The account as it was read last; None where nobody has looked yet."""
    stored = installation.value(connection, _KEY)
    if stored is None:
        return None
    found = json.loads(stored)
    known = work.live_run_names(connection, RUNPOD_ENGINE)
    return Account(
        read_at=datetime.fromisoformat(found["read_at"]),
        balance=_dollars(found.get("balance")),
        hourly_spend=_dollars(found.get("hourly_spend")),
        pods=[
            RentedPod(
                name=pod["name"],
                status=pod["status"],
                hourly_cost=_dollars(pod["hourly_cost"]),
                is_known=pod["name"].partition(".")[2] in known,
            )
            for pod in found["pods"]
        ],
        reserved=system_status.reserved(connection, RUNPOD_ENGINE),
        problem=found.get("problem"),
    )


def hindrance(connection: Connection, offer: Offer) -> str | None:
    """Why nothing can be started on the offer for want of money at RunPod; None where it can."""
    if offer.engine != RUNPOD_ENGINE or settings().runpod_api_key is None:
        return None
    found = account(connection)
    if found is None or not found.is_empty:
        return None
    is_recent = system_status.now(connection) - found.read_at < BELIEVED_FOR
    return NO_BALANCE if is_recent else None


def _dollars(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
