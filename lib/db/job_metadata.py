"""The columns that hold a job's documentation, written the same way by draft, edit and import."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func

from lib.db import clients, tags
from lib.domain.metadata import NAME_LENGTH, Metadata


def columns(connection: Connection, metadata: Metadata, user_id: UUID) -> dict[str, Any]:
    """Values for `training_jobs`; new tags, clients and projects are made on the way."""
    tags.keep(connection, metadata.tags, user_id)
    client_id, project_id = clients.named(connection, metadata.client, metadata.project)
    return {
        "name": metadata.name[: NAME_LENGTH[1]],
        "description": metadata.description,
        "notes": metadata.notes,
        "tags": list(metadata.tags),
        "client_id": client_id,
        "project_id": project_id,
        "metadata_updated_at": func.clock_timestamp(),
    }
