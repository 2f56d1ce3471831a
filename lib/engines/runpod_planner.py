"""The plan of an attempt's pod: what was agreed to be rented, on what this installation is set up
for.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from lib.engines.base import RunSpec
from lib.engines.clock import steady_now
from lib.engines.errors import SubmitRefused
from lib.engines.runpod_catalog import gpu_id
from lib.engines.runpod_pods import PodPlan
from lib.engines.runpod_setup import missing
from lib.settings import settings

COMMAND = "pod"  # of the trainer, whose image has it as its entrypoint
DEAD_MAN_SECONDS = 1800  # the longest silence of a trainer that lives
LINGER_SECONDS = 300  # after its end, so that its last words can be read


class RunPodPlanner:
    """Implements `lib.engines.runpod_pods.PodPlanner`."""

    def __init__(
        self, clock: Callable[[], datetime] = steady_now, linger_seconds: int = LINGER_SECONDS
    ) -> None:
        self._clock, self._linger_seconds = clock, linger_seconds

    def plan(self, run: RunSpec) -> PodPlan:
        """Raises SubmitRefused where there can be no plan."""
        lacking, image, rental = missing(), settings().trainer_image, run.rental
        if lacking is not None or image is None:
            raise SubmitRefused("not_connected", lacking or "TRAINER_IMAGE is not set.")
        seconds = _seconds(run)
        if rental is None or seconds <= 0:
            raise SubmitRefused(
                "no_limit", "Nothing is rented without a limit on its time and its money."
            )
        return PodPlan(
            gpu_id=gpu_id(rental.gpu),
            tier=rental.tier,
            hourly_rate=rental.hourly_rate,
            image=image,
            args=COMMAND,
            disk_gb=settings().runpod_disk_gb,
            data_url=rental.exchange.data_url,
            results_url=rental.exchange.results_url,
            callback_url=rental.exchange.callback_url,
            callback_token=rental.exchange.callback_token,
            max_seconds=seconds,
            max_dollars=rental.max_dollars,
            dead_man_seconds=DEAD_MAN_SECONDS,
            linger_seconds=self._linger_seconds,
            data_centers=in_turn(settings().data_centers, run.attempt),
            registry=settings().runpod_registry,
            variables=self._variables(run),
        )

    def _variables(self, run: RunSpec) -> dict[str, str]:
        """What a pod is told besides: its configuration, when it was ordered, how to end itself."""
        told = {
            "LORA_CONFIG": json.dumps(_config(run), sort_keys=True),
            "LORA_ORDERED_AT": self._clock().isoformat(timespec="seconds"),
            "LORA_API_URL": settings().runpod_api_url,
        }
        token = settings().hf_token
        return told if token is None else {**told, "HF_TOKEN": token.get_secret_value()}


def _seconds(run: RunSpec) -> int:
    """How long the pod may be there: as ordered, and no longer than its money lasts."""
    rental = run.rental
    if rental is None or rental.hourly_rate <= 0:
        return run.max_seconds or 0
    paid_for = int(rental.max_dollars * 3600 / rental.hourly_rate)
    return paid_for if run.max_seconds is None else min(run.max_seconds, paid_for)


def in_turn(data_centers: tuple[str, ...], attempt: int) -> tuple[str, ...]:
    """The centres in the order in which this attempt tries them: each one begins with the next.

    REST is told all of them, GraphQL takes one.
    """
    first = (attempt - 1) % len(data_centers) if data_centers else 0
    return data_centers[first:] + data_centers[:first]


def _config(run: RunSpec) -> dict[str, Any]:
    """What of the trainer's configuration (docs/trainer.md) is neither a place nor a limit."""
    return {
        "base_model": settings().rented_base_model,
        "quantization": settings().rented_quantization,
        "hyperparameters": dict(run.hyperparameters),
        "max_steps": run.max_steps,
        "sequences_sha256": run.sequences_sha256,
    }
