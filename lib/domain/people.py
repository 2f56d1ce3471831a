"""People: roles, what a role may do, and the rules for names, e-mail addresses and passwords."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

NAME_LIMIT = 100
PASSWORD_LENGTH = (12, 128)
PASSWORD_POLICY = "12 characters or more; a few words in a row are fine; not your name or e-mail."
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)*")
_COMMON = frozenset(
    {"password1234", "passwordpassword", "123456789012", "qwertyuiop12", "letmeinletmein"}
)


class Role(StrEnum):
    ANALYST = "analyst"
    MANAGER = "manager"
    ADMIN = "admin"
    OWNER = "owner"


#: Roles whose holders see and decide for others.
MANAGING = frozenset({Role.MANAGER, Role.ADMIN, Role.OWNER})
#: Roles whose holders see and decide for everybody, not for a team alone.
ADMINISTERING = frozenset({Role.ADMIN, Role.OWNER})


@dataclass(frozen=True)
class Person:
    """A signed-in user as read from the database for this action."""

    id: UUID
    email: str
    name: str
    role: Role

    @property
    def may_see_all_jobs(self) -> bool:
        return self.role in MANAGING


def may_set_limit(actor: Person, subject_id: UUID, manager_id: UUID | None) -> bool:
    """Nobody sets their own limit but the owner, who has nobody above.

    Managers set those of their own team, admins those of everybody else.
    """
    if actor.id == subject_id:
        return actor.role is Role.OWNER
    if actor.role is Role.MANAGER:
        return manager_id == actor.id
    return actor.role in ADMINISTERING


def initials(name: str) -> str:
    """The first letters of the first and the last word, for an avatar."""
    words = name.split()
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()


def clean_email(text: str) -> str:
    """The address in lower case. Raises ValueError."""
    email = unicodedata.normalize("NFC", text.strip()).lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise ValueError("e-mail: write an address such as ada@example.com")
    return email


def clean_name(text: str) -> str:
    """The name on one line. Raises ValueError."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 1 <= len(name) <= NAME_LIMIT or not name.isprintable():
        raise ValueError(f"name: must be 1 to {NAME_LIMIT} printable characters")
    return name


def check_password(password: str, *, name: str, email: str) -> None:
    """Raises ValueError where the password breaks the policy (length first, as NIST advises)."""
    least, most = PASSWORD_LENGTH
    if not least <= len(password) <= most:
        raise ValueError(f"password: must be {least} to {most} characters long")
    if password != password.strip():
        raise ValueError("password: must not begin or end with a space")
    if len(password.encode()) > 72:
        raise ValueError("password: must be at most 72 bytes")  # bcrypt reads no further
    lowered = password.lower()
    if lowered in _COMMON or len(set(lowered)) < 5:
        raise ValueError("password: too easy to guess; take a few unrelated words")
    if lowered in {name.lower(), email.lower()}:
        raise ValueError("password: must not be your name or e-mail address")
