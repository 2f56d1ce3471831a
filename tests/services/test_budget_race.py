"""Sixty-four Starts at once, in two processes, on a budget with room for exactly seven."""

import multiprocessing
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from lib.db.connection import transaction
from lib.db.tables import budget_audit_log
from lib.domain.people import Person
from lib.services import budgets
from tests.services.starting_together import press

Make = Callable[..., Any]
PROCESSES, THREADS, ROUNDS, ROOM = 2, 32, 3, 7
LIMIT = "73.19"  # with 10 % grace $80.51: seven jobs of at most $11.50 fit, an eighth does not


def similar(like: Any, copies: int) -> list[UUID]:
    """Drafts on files of their own that differ from one draft in nothing that costs."""
    with transaction() as connection:
        made = connection.execute(
            text(
                """
                WITH originals AS (
                    SELECT f.*, gen_random_uuid() AS new_id FROM training_files f
                    CROSS JOIN generate_series(1, :copies) WHERE f.id = :file
                ), copied AS (
                    INSERT INTO training_files (id, name, format, storage_key, content_hash,
                        size_bytes, enrichment_status, conversation_count, training_pairs,
                        trainable_pairs, summary, created_by)
                    SELECT new_id, name, format, storage_key, content_hash, size_bytes,
                        enrichment_status, conversation_count, training_pairs, trainable_pairs,
                        summary, created_by FROM originals
                    RETURNING id
                )
                INSERT INTO training_jobs (training_file_id, created_by, name, preset, draft)
                SELECT copied.id, j.created_by, j.name, j.preset,
                    j.draft || jsonb_build_object('training_file_id', copied.id)
                FROM copied JOIN training_jobs j ON j.id = :job
                RETURNING id
                """
            ),
            {"copies": copies, "file": like.file.id, "job": like.job_id},
        )
        return list(made.scalars())


def race(rounds: list[tuple[Person, list[UUID]]], *, locked: bool) -> list[Counter[str]]:
    """What came of each round's Starts."""
    context = multiprocessing.get_context("spawn")
    barrier, outcomes = context.Barrier(PROCESSES * THREADS, timeout=60), context.Queue()
    processes = [
        context.Process(
            target=press,
            args=([(who, jobs[share::PROCESSES]) for who, jobs in rounds], barrier, outcomes),
            kwargs={"locked": locked},
        )
        for share in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    found: list[Counter[str]] = [Counter() for _ in rounds]
    for _ in range(len(rounds) * PROCESSES * THREADS):
        number, outcome = outcomes.get(timeout=60)
        found[number][outcome] += 1
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    return found


def prepared(person: Make, local_draft: Make) -> list[tuple[Person, list[UUID]]]:
    """Each round is another person's month."""
    rounds = []
    for _ in range(ROUNDS):
        actor = person(limit=LIMIT)
        opened = local_draft(actor, cost="10.00")
        rounds.append((actor, similar(opened, PROCESSES * THREADS)))
    return rounds


def audited(actor: Person) -> Counter[str]:
    with transaction() as connection:
        rows = connection.execute(
            select(budget_audit_log.c.action_type, func.count())
            .where(budget_audit_log.c.user_id == actor.id)
            .group_by(budget_audit_log.c.action_type)
        )
        return Counter(dict(rows.tuples().all()))


def test_exactly_as_many_jobs_start_as_the_budget_bears(
    installation: str, person: Make, local_draft: Make
) -> None:
    rounds = prepared(person, local_draft)
    pressed = PROCESSES * THREADS
    for (actor, _), found in zip(rounds, race(rounds, locked=True), strict=True):
        assert found == {"started": ROOM, "budget": pressed - ROOM}
        month = budgets.budget_of(actor.id)
        assert month.active_jobs == ROOM
        assert month.reserved == ROOM * Decimal("11.50") <= month.ceiling
        log = audited(actor)
        assert log["started"] + log["started_in_grace"] == ROOM
        assert log["validation_blocked"] == pressed - ROOM


def test_without_the_lock_the_same_race_overspends(
    installation: str, person: Make, local_draft: Make
) -> None:
    """The twin that shows that the race above is one."""
    rounds = prepared(person, local_draft)
    race(rounds, locked=False)
    months = [budgets.budget_of(actor.id) for actor, _ in rounds]
    assert any(month.reserved > month.ceiling for month in months)
