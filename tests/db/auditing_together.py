"""A process of the audit race: several people write to the log at the same moment."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

from lib.db import budgets
from lib.db.connection import transaction
from lib.domain.audit import ActionType


def write(people: Sequence[UUID], rows: int, barrier: Any) -> None:
    """Each person writes so many rows, each in a transaction of its own."""
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(partial(_write, rows=rows, barrier=barrier), people))


def _write(user_id: UUID, rows: int, barrier: Any) -> None:
    barrier.wait()
    for number in range(rows):
        with transaction() as connection:
            budgets.audit(
                connection,
                ActionType.LIMIT_SET,
                user_id=user_id,
                actor_id=user_id,
                justification=f"number {number}",
            )
