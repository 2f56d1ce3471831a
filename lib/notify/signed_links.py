"""Signed links: whoever has one may open a request's decision page, and only if it is for them.

A token is base64url of: version, action, request, approver, expiry, and an HMAC-SHA256 over all of
it. It has no state of its own: it can be used once because a request is decided once.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from lib.domain.requests import Action

_LAYOUT = struct.Struct(">BB16s16sQ")
_VERSION = 1
_PURPOSE = b"decide a budget request\0"  # a signature made for anything else is worth nothing here
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
    return _encode(content + _signature(key, content))


def read(key: bytes, token: str, now: datetime) -> Claims:
    """What the token says. Raises BadLink, LinkExpired."""
    try:
        packed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise BadLink from None
    content, signature = packed[: _LAYOUT.size], packed[_LAYOUT.size :]
    # Compared as text, too: base64 would read characters that it ignores as the same token.
    genuine = hmac.compare_digest(signature, _signature(key, content))
    if not genuine or _encode(packed) != token:
        raise BadLink
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


def _signature(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + content, hashlib.sha256)


def _encode(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
