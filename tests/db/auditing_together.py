"""A process of the audit race: `python -m tests.db.auditing_together ROWS USER_ID...`.

It says that it is ready, and begins at a line on its standard input.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

from lib.db import budgets
from lib.db.connection import database, transaction
from lib.domain.audit import ActionType


def main(rows: int, people: list[UUID]) -> None:
    """Each person, in a thread of their own, writes so many rows, a transaction each."""
    database()
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(partial(_write, rows), people))


def _write(rows: int, user_id: UUID) -> None:
    for number in range(rows):
        with transaction() as connection:
            budgets.audit(
                connection,
                ActionType.LIMIT_SET,
                user_id=user_id,
                actor_id=user_id,
                justification=f"number {number}",
            )


if __name__ == "__main__":
    main(int(sys.argv[1]), [UUID(text) for text in sys.argv[2:]])
