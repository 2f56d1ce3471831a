"""A process of the refit race: it refits at the same moment as another one."""

from typing import Any

from lib.db import calibrations
from lib.domain import calibration_fit  # noqa: F401  imported before the start, not in the middle
from lib.domain.people import Person
from lib.services import calibration


def refit(actor: Person, rounds: int, barrier: Any, *, locked: bool) -> None:
    """Refits once a round. Not `locked`: as if somebody had forgotten the lock."""
    if not locked:
        calibrations.lock = lambda _: None
    for _ in range(rounds):
        barrier.wait()
        calibration.refit(actor)
