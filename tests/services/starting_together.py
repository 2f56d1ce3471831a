"""A process of the budget race: many people press Start at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

from lib.db import budgets
from lib.domain.people import Person
from lib.services import drafts, jobs
from lib.services.assessment import assess
from lib.services.errors import StartRefused


def press(
    rounds: list[tuple[Person, list[UUID]]], barrier: Any, outcomes: Any, *, locked: bool
) -> None:
    """Starts each round's drafts at once; puts the round and "started" or the refusal's code.

    `barrier` is shared with the other processes. Not `locked`: the budget row is not locked, as
    if somebody had forgotten to.
    """
    if not locked:
        budgets.lock = lambda *_: None

    def start(actor: Person, job_id: UUID) -> str:
        shown = assess(drafts.load(actor, job_id)).digest
        barrier.wait()
        try:
            jobs.start(actor, job_id, shown)
        except StartRefused as refusal:
            return refusal.code
        return "started"

    for number, (actor, job_ids) in enumerate(rounds):
        with ThreadPoolExecutor(len(job_ids)) as pool:
            for outcome in pool.map(partial(start, actor), job_ids):
                outcomes.put((number, outcome))
