"""Tokens that this installation signed: base64url of a content and its HMAC-SHA256.

The signature covers a purpose, too: what was signed for one thing is worth nothing for another.
"""

import base64
import binascii
import hashlib
import hmac

_SIGNATURE_BYTES = hashlib.sha256().digest_size


class BadToken(Exception):
    """The token was not made here for this purpose, or was changed since."""


def seal(key: bytes, purpose: bytes, content: bytes) -> str:
    """The token, of letters, digits, `-` and `_`. No purpose may be the beginning of another."""
    return encode(content + signature(key, purpose, content))


def unseal(key: bytes, purpose: bytes, token: str) -> bytes:
    """The content that was sealed. Raises BadToken."""
    try:
        packed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise BadToken from None
    content, signed = packed[:-_SIGNATURE_BYTES], packed[-_SIGNATURE_BYTES:]
    # Compared as text, too: base64 would read characters that it ignores as the same token.
    genuine = hmac.compare_digest(signed, signature(key, purpose, content))
    if not genuine or encode(packed) != token:
        raise BadToken
    return content


def signature(key: bytes, purpose: bytes, content: bytes) -> bytes:
    return hmac.digest(key, purpose + content, hashlib.sha256)


def encode(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
