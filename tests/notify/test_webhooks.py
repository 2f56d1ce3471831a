"""Standard Webhooks: what was signed with the secret, as it is, within five minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from lib.notify.webhooks import TOLERANCE, BadForm, BadSignature, TooOld, sign, verify
from trainer import webhook

SECRET = b"a-secret-of-a-run"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = b'{"kind": "step", "step": 7}'
SIGNED = sign(SECRET, "job.1.7", STAMP, BODY)


def test_what_the_trainer_signs_is_good() -> None:
    signature = webhook.sign(SECRET, "job.1.7", STAMP, BODY)
    verify(SECRET, "job.1.7", STAMP, signature, BODY, NOW)


def test_one_good_signature_among_several_is_enough() -> None:
    verify(SECRET, "job.1.7", STAMP, f"v1a,xyz v1,AAAA {SIGNED}", BODY, NOW)


@pytest.mark.parametrize(
    ("secret", "message_id", "stamp", "body"),
    [
        (b"another", "job.1.7", STAMP, BODY),
        (SECRET, "job.1.8", STAMP, BODY),
        (SECRET, "job.1.7", str(int(STAMP) + 1), BODY),
        (SECRET, "job.1.7", STAMP, BODY + b" "),
        (SECRET, "job.1.7", STAMP, b""),
    ],
)
def test_any_change_makes_it_worthless(
    secret: bytes, message_id: str, stamp: str, body: bytes
) -> None:
    with pytest.raises(BadSignature):
        verify(secret, message_id, stamp, SIGNED, body, NOW)


def test_every_byte_of_the_body_counts() -> None:
    for at in range(len(BODY)):
        changed = bytearray(BODY)
        changed[at] ^= 1
        with pytest.raises(BadSignature):
            verify(SECRET, "job.1.7", STAMP, SIGNED, bytes(changed), NOW)


@pytest.mark.parametrize("signature", ["v1", "v1,", "v2," + SIGNED[3:], SIGNED[3:], SIGNED[:-1]])
def test_what_is_nearly_a_signature_is_none(signature: str) -> None:
    with pytest.raises(BadSignature):
        verify(SECRET, "job.1.7", STAMP, signature, BODY, NOW)


@pytest.mark.parametrize(
    ("message_id", "stamp", "signatures"),
    [
        ("", STAMP, SIGNED),
        ("a b", STAMP, SIGNED),
        ("ä", STAMP, SIGNED),
        ("x" * 257, STAMP, SIGNED),
        ("job.1.7", "", SIGNED),
        ("job.1.7", "now", SIGNED),
        ("job.1.7", "-5", SIGNED),
        ("job.1.7", "1e9", SIGNED),
        ("job.1.7", "9" * 12, SIGNED),
        ("job.1.7", "١٧٦٤", SIGNED),
        ("job.1.7", STAMP, ""),
        ("job.1.7", STAMP, " ".join([SIGNED] * 9)),
    ],
)
def test_headers_that_are_none_are_told_apart(message_id: str, stamp: str, signatures: str) -> None:
    with pytest.raises(BadForm):
        verify(SECRET, message_id, stamp, signatures, BODY, NOW)


@pytest.mark.parametrize("way", [1, -1])
def test_it_is_good_for_five_minutes_in_both_directions(way: int) -> None:
    verify(SECRET, "job.1.7", STAMP, SIGNED, BODY, NOW + way * TOLERANCE)
    with pytest.raises(TooOld):
        late = NOW + way * (TOLERANCE + timedelta(seconds=1))
        verify(SECRET, "job.1.7", STAMP, SIGNED, BODY, late)


def test_only_who_knows_the_secret_learns_that_it_is_old() -> None:
    with pytest.raises(BadSignature):
        verify(b"another", "job.1.7", STAMP, SIGNED, BODY, NOW + timedelta(days=1))
