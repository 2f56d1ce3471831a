"""What a rented run may do with the desk: read its data, bring its results, sign its callbacks.

Nothing of it is stored. A token says which attempt it is for and until when, and is good for one
purpose alone; the secret of an attempt's callbacks is derived from the key and the run's name.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from lib.notify.signing import BadToken, encode, seal, signature, unseal

_LAYOUT = struct.Struct(">B16sIQ")
_VERSION = 1


class RunPurpose(StrEnum):
    """`DATA`: to read the training sequences. `RESULTS`: to read and bring results."""

    DATA = "data"
    RESULTS = "results"


class TokenExpired(Exception):
    """The token was good once."""


@dataclass(frozen=True)
class RunClaims:
    """Which attempt a token is for, until when (whole seconds)."""

    job_id: UUID
    attempt: int
    expires_at: datetime


def sign(key: bytes, purpose: RunPurpose, claims: RunClaims) -> str:
    """The token, of letters, digits, `-` and `_`."""
    expires = int(claims.expires_at.timestamp())
    content = _LAYOUT.pack(_VERSION, claims.job_id.bytes, claims.attempt, expires)
    return seal(key, _words(purpose), content)


def read(key: bytes, purpose: RunPurpose, token: str, now: datetime) -> RunClaims:
    """What the token says. Raises BadToken, TokenExpired."""
    version, job_id, attempt, expires = _LAYOUT.unpack(unseal(key, _words(purpose), token))
    if version != _VERSION:
        raise BadToken
    claims = RunClaims(UUID(bytes=job_id), attempt, datetime.fromtimestamp(expires, UTC))
    if claims.expires_at <= now:
        raise TokenExpired
    return claims


def callback_secret(key: bytes, run: str) -> str:
    """The secret that this run signs its callbacks with, and no other run; its bytes are ASCII."""
    return encode(signature(key, b"sign the callbacks of a run\0", run.encode()))


def _words(purpose: RunPurpose) -> bytes:
    return f"{purpose} of a run\0".encode()
