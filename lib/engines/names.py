"""What a run is called: its name, unique to the attempt and enough to know whose it is; its id."""

import re
from uuid import UUID

_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_NAME = re.compile(r"lora-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([1-9][0-9]{0,8})")


def run_name(job_id: UUID, attempt: int) -> str:
    return f"lora-{job_id}-{attempt}"


def parse_run_name(name: str) -> tuple[UUID, int] | None:
    """The job and the attempt's number, or None for a name that is not one of ours."""
    found = _NAME.fullmatch(name)
    return None if found is None else (UUID(found[1]), int(found[2]))


def is_external_id(text: str) -> bool:
    """Whether it may be a provider's id of a run: safe in an address and in a log."""
    return _EXTERNAL_ID.fullmatch(text) is not None
