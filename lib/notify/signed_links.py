"""Signed links: whoever has one may open a request's decision page, and only if it is for them.

A token says version, action, request, approver and expiry. It has no state of its own: it can be
used once because a request is decided once.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from lib.domain.requests import Action
from lib.notify.signing import BadToken, seal, unseal

_LAYOUT = struct.Struct(">BB16s16sQ")
_VERSION = 1
_PURPOSE = b"decide a budget request\0"
_ACTIONS = (Action.APPROVE, Action.DENY)


class BadLink(Exception):
    """The token was not made here, or was changed since."""


class LinkExpired(Exception):
    """The token was good once."""


@dataclass(frozen=True)
class Claims:
    """What a token says: which request, for whom, to do what, until when (whole seconds)."""

    request_id: UUID
    approver_id: UUID
    action: Action
    expires_at: datetime


def sign(key: bytes, claims: Claims) -> str:
    """The token, of letters, digits, `-` and `_`."""
    content = _LAYOUT.pack(
        _VERSION,
        _ACTIONS.index(claims.action),
        claims.request_id.bytes,
        claims.approver_id.bytes,
        int(claims.expires_at.timestamp()),
    )
    return seal(key, _PURPOSE, content)


def read(key: bytes, token: str, now: datetime) -> Claims:
    """What the token says. Raises BadLink, LinkExpired."""
    try:
        content = unseal(key, _PURPOSE, token)
    except BadToken:
        raise BadLink from None
    version, action, request, approver, expires = _LAYOUT.unpack(content)
    if version != _VERSION:
        raise BadLink
    claims = Claims(
        UUID(bytes=request),
        UUID(bytes=approver),
        _ACTIONS[action],
        datetime.fromtimestamp(expires, UTC),
    )
    if claims.expires_at <= now:
        raise LinkExpired
    return claims
