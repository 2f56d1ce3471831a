"""The engines of this installation, by name."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, cast

from lib.domain.offers import RUNPOD_ENGINE
from lib.engines.base import Engine
from lib.engines.errors import UnknownEngine
from lib.engines.local import LocalEngine
from lib.settings import settings

if TYPE_CHECKING:
    from lib.engines.runpod import RunPod


def runpod() -> "RunPod":
    """RunPod over the wire, as this installation is set up; it asks nothing yet.

    What it takes is imported only where there is a key. For the one instance ask `engine`.
    """
    from datetime import UTC, datetime

    from lib.engines.runpod import RunPod
    from lib.engines.runpod_catalog import fetch_offers
    from lib.engines.runpod_client import RunPodClient
    from lib.engines.runpod_planner import RunPodPlanner
    from lib.engines.runpod_setup import pod_prefix

    chosen = settings()
    key, spot = chosen.runpod_api_key, chosen.runpod_spot
    if key is None:
        raise UnknownEngine("RunPod is not connected: RUNPOD_API_KEY is not set")
    api, graphql = chosen.runpod_api_url, chosen.runpod_graphql_url
    return RunPod(
        RunPodClient(key, api_url=api, graphql_url=graphql),
        RunPodPlanner(),
        prefix=pod_prefix(),
        spot=spot,
        most=chosen.runpod_parallel_runs,
        offers=lambda: fetch_offers(
            key, api_url=api, graphql_url=graphql, now=datetime.now(UTC), spot=spot != "off"
        ),
    )


_ENGINES: Mapping[str, Callable[[], Engine]] = {
    LocalEngine.name: LocalEngine,
    RUNPOD_ENGINE: runpod,
}


@cache
def engine(name: str) -> Engine:
    """The one instance of an engine in this process. Raises UnknownEngine."""
    if name not in _ENGINES or not _is_there(name):
        raise UnknownEngine(f"there is no engine {name!r:.40} in this installation")
    return _ENGINES[name]()


def engines() -> Sequence[Engine]:
    """All engines that can run jobs here; RunPod is one where there is a key for it."""
    return tuple(engine(name) for name in _ENGINES if _is_there(name))


def rented() -> "RunPod | None":
    """The engine of `runpod` with all that RunPod alone has; None where there is no key."""
    return cast("RunPod", engine(RUNPOD_ENGINE)) if _is_there(RUNPOD_ENGINE) else None


def _is_there(name: str) -> bool:
    return name != RUNPOD_ENGINE or settings().runpod_api_key is not None
