"""A signed link says exactly what was signed, until it expires; any change makes it worthless."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.requests import Action
from lib.notify.signed_links import BadLink, Claims, LinkExpired, read, sign

KEY = bytes(range(32))
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CLAIMS = Claims(
    UUID("11111111-2222-4333-8444-555555555555"),
    UUID("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"),
    Action.APPROVE,
    NOW + timedelta(days=7),
)
TOKEN = sign(KEY, CLAIMS)


@pytest.mark.parametrize("action", list(Action))
def test_a_token_says_what_was_signed(action: Action) -> None:
    claims = replace(CLAIMS, action=action)
    assert read(KEY, sign(KEY, claims), NOW) == claims


def test_every_bit_of_the_token_counts() -> None:
    packed = base64.urlsafe_b64decode(TOKEN + "=" * (-len(TOKEN) % 4))
    for at in range(len(packed)):
        for bit in range(8):
            changed = bytearray(packed)
            changed[at] ^= 1 << bit
            with pytest.raises(BadLink):
                read(KEY, base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), NOW)


def test_every_character_of_the_token_counts() -> None:
    for at, character in enumerate(TOKEN):
        for other in "AZaz09-_=.% é\n":
            if other != character:
                with pytest.raises(BadLink):
                    read(KEY, TOKEN[:at] + other + TOKEN[at + 1 :], NOW)
        with pytest.raises(BadLink):
            read(KEY, TOKEN[:at], NOW)


def test_nothing_may_be_added() -> None:
    for more in ("=", "==", "A", "AAAA", " ", "\n", "%0A", "."):
        with pytest.raises(BadLink):
            read(KEY, TOKEN + more, NOW)
        with pytest.raises(BadLink):
            read(KEY, more + TOKEN, NOW)


@given(st.text(max_size=200))
def test_any_other_text_is_no_token(text: str) -> None:
    with pytest.raises(BadLink):
        read(KEY, text, NOW)


def test_it_is_good_until_it_expires() -> None:
    assert read(KEY, TOKEN, CLAIMS.expires_at - timedelta(seconds=1)) == CLAIMS
    with pytest.raises(LinkExpired):
        read(KEY, TOKEN, CLAIMS.expires_at)


def test_another_installations_key_made_another_token() -> None:
    with pytest.raises(BadLink):
        read(bytes(32), TOKEN, NOW)


def test_a_signature_over_the_same_bytes_for_another_purpose_is_worth_nothing() -> None:
    import hashlib
    import hmac

    content = base64.urlsafe_b64decode(TOKEN + "=" * (-len(TOKEN) % 4))[:42]
    forged = content + hmac.digest(KEY, content, hashlib.sha256)
    with pytest.raises(BadLink):
        read(KEY, base64.urlsafe_b64encode(forged).rstrip(b"=").decode(), NOW)


def test_a_token_fits_an_address_without_escapes() -> None:
    assert len(TOKEN) < 120
    assert TOKEN.replace("-", "").replace("_", "").isalnum()
