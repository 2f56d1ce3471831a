"""The log of what people did that is not about money, success and failure alike."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert

from lib.db.tables import activity_log


def record(
    connection: Connection,
    action: str,
    *,
    actor_id: UUID | None = None,
    subject: str | None = None,
    succeeded: bool = True,
    details: Mapping[str, Any] | None = None,
) -> None:
    connection.execute(
        insert(activity_log).values(
            actor_id=actor_id,
            action=action,
            subject=subject,
            succeeded=succeeded,
            details=dict(details or {}),
        )
    )
