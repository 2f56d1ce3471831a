"""Standard Webhooks (https://www.standardwebhooks.com): whether a message is from who it says.

The headers are webhook-id, webhook-timestamp (seconds) and webhook-signature: one or several of
"v1," and the Base64 of HMAC-SHA256 over id.timestamp.body, with spaces in between.
"""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
_ID = re.compile(r"[\x21-\x7e]{1,256}")
_SECONDS = re.compile(r"[0-9]{1,11}")
_MOST_SIGNATURES = 8


class BadForm(Exception):
    """A header is missing, or is nothing that it could be."""


class BadSignature(Exception):
    """It was not signed with this secret, or was changed since."""


class TooOld(Exception):
    """It was signed more than `TOLERANCE` before or after now."""


def verify(
    secret: bytes, message_id: str, timestamp: str, signatures: str, body: bytes, now: datetime
) -> None:
    """Returns where the message is good. Raises BadForm, BadSignature, TooOld."""
    given = signatures.split()
    if not _ID.fullmatch(message_id) or not _SECONDS.fullmatch(timestamp):
        raise BadForm
    if not 0 < len(given) <= _MOST_SIGNATURES:
        raise BadForm
    right = sign(secret, message_id, timestamp, body).encode()
    if not any(hmac.compare_digest(right, one.encode()) for one in given):
        raise BadSignature
    signed_at = datetime.fromtimestamp(int(timestamp), UTC)
    if not now - TOLERANCE <= signed_at <= now + TOLERANCE:
        raise TooOld


def sign(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """One signature, as it stands in the header."""
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
