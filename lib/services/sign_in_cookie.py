"""The sign-in cookie: who carries it, for pages and for plain HTTP by one rule.

It is signed, has an end of its own, and only names a row in `user_sessions`, which decides: a kept
copy opens nothing once that session has ended or its user was disabled.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt

from lib.domain.people import Person
from lib.services import accounts

NAME = "lora_pipeline_session"
_ALGORITHM = "HS256"


def sealed(email: str, session_id: UUID, expires: float) -> str:
    """The cookie's content; `expires` is a POSIX timestamp."""
    content = {"username": email, "exp_date": expires, "session": str(session_id)}
    return jwt.encode(content, accounts.cookie_key(), algorithm=_ALGORITHM)


def opened(token: str) -> tuple[dict[str, Any], UUID, Person] | None:
    """What a cookie says, its session and whose that is; None for one that is not valid now."""
    try:
        content = jwt.decode(token, accounts.cookie_key(), algorithms=[_ALGORITHM])
        session_id = UUID(content["session"])
        if content["exp_date"] <= datetime.now(UTC).timestamp():
            return None
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, AttributeError):
        return None
    person = accounts.person_of_session(session_id)
    if person is None or person.email != content.get("username"):
        return None
    return content, session_id, person
