"""What is worth a warning, not an error, about what people write about a job (FR1.3.1)."""

from lib.db import jobs
from lib.db.connection import reading
from lib.services.drafts import OpenDraft

SIMILAR_NAME = (
    "⚠ Similar job name already exists. Consider adding version number or distinguishing details."
)


def name_warning(opened: OpenDraft) -> str:
    """FR1.3.1's warning where another job of the same creator has this name, else nothing."""
    with reading() as connection:
        found = jobs.has_namesake(
            connection, opened.owner_id, opened.draft.name.strip(), but=opened.job_id
        )
    return SIMILAR_NAME if found else ""
