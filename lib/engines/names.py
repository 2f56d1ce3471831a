"""The name of a run: unique to the attempt, and enough to know whose run it is."""

import re
from uuid import UUID

_NAME = re.compile(r"lora-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([1-9][0-9]{0,8})")


def run_name(job_id: UUID, attempt: int) -> str:
    return f"lora-{job_id}-{attempt}"


def parse_run_name(name: str) -> tuple[UUID, int] | None:
    """The job and the attempt's number, or None for a name that is not one of ours."""
    found = _NAME.fullmatch(name)
    return None if found is None else (UUID(found[1]), int(found[2]))
