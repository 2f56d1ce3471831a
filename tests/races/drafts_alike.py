"""Many drafts of one price at once, each on a file of its own as a start demands it."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from lib.db.connection import transaction

_COPY = """
    WITH originals AS (
        SELECT f.*, gen_random_uuid() AS new_id FROM training_files f
        CROSS JOIN generate_series(1, :copies) WHERE f.id = :file
    ), copied AS (
        INSERT INTO training_files (id, name, format, storage_key, content_hash, size_bytes,
            enrichment_status, conversation_count, training_pairs, trainable_pairs, summary,
            created_by)
        SELECT new_id, name, format, storage_key, content_hash, size_bytes, enrichment_status,
            conversation_count, training_pairs, trainable_pairs, summary, :owner
        FROM originals
        RETURNING id
    )
    INSERT INTO training_jobs (training_file_id, created_by, name, preset, draft)
    SELECT copied.id, :owner, j.name, j.preset,
        j.draft || jsonb_build_object('training_file_id', copied.id)
    FROM copied JOIN training_jobs j ON j.id = :job
    RETURNING id
"""


def copies_of(like: Any, copies: int, owner_id: UUID) -> list[UUID]:
    """Drafts that differ from one draft in nothing that costs; the ids of their jobs."""
    with transaction() as connection:
        made = connection.execute(
            text(_COPY),
            {"copies": copies, "file": like.file.id, "job": like.job_id, "owner": owner_id},
        )
        return list(made.scalars())
