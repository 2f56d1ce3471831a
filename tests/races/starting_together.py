"""A process of the budget race: many people press Start at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from lib.db import budgets, team_budgets
from lib.domain.people import Person
from lib.services import drafts, starting
from lib.services.assessment import assess
from lib.services.errors import StartRefused

Press = tuple[Person, UUID]


def press(rounds: list[list[Press]], barrier: Any, outcomes: Any, *, locked: bool) -> None:
    """Starts each round's drafts at once; puts the round and "started" or the refusal's code.

    `barrier` is shared with the other processes. Not `locked`: nobody holds the rows of the
    budgets, as if somebody had forgotten to.
    """
    if not locked:
        budgets.lock = team_budgets.lock = lambda *_: None

    def start(pressed: Press) -> str:
        actor, job_id = pressed
        shown = assess(drafts.load(actor, job_id)).digest
        barrier.wait()
        try:
            starting.start(actor, job_id, shown)
        except StartRefused as refusal:
            return refusal.code
        return "started"

    for number, pressed in enumerate(rounds):
        with ThreadPoolExecutor(len(pressed)) as pool:
            for outcome in pool.map(start, pressed):
                outcomes.put((number, outcome))
