"""A run's token is good for one attempt, one purpose and a time; its secret is its own alone."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.requests import Action
from lib.notify import signed_links
from lib.notify.run_tokens import (
    RunClaims,
    RunPurpose,
    TokenExpired,
    callback_secret,
    read,
    sign,
)
from lib.notify.signing import BadToken

KEY = bytes(range(32))
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
JOB = UUID("11111111-2222-4333-8444-555555555555")
CLAIMS = RunClaims(JOB, 3, NOW + timedelta(days=60))
TOKEN = sign(KEY, RunPurpose.RESULTS, CLAIMS)


@pytest.mark.parametrize("purpose", list(RunPurpose))
def test_a_token_says_what_was_signed(purpose: RunPurpose) -> None:
    assert read(KEY, purpose, sign(KEY, purpose, CLAIMS), NOW) == CLAIMS


def test_it_is_good_for_its_purpose_alone() -> None:
    with pytest.raises(BadToken):
        read(KEY, RunPurpose.DATA, TOKEN, NOW)
    with pytest.raises(signed_links.BadLink):
        signed_links.read(KEY, TOKEN, NOW)
    link = signed_links.sign(
        KEY, signed_links.Claims(JOB, JOB, Action.APPROVE, NOW + timedelta(days=1))
    )
    for purpose in RunPurpose:
        with pytest.raises(BadToken):
            read(KEY, purpose, link, NOW)


def test_every_bit_of_the_token_counts() -> None:
    packed = base64.urlsafe_b64decode(TOKEN + "=" * (-len(TOKEN) % 4))
    for at in range(len(packed)):
        for bit in range(8):
            changed = bytearray(packed)
            changed[at] ^= 1 << bit
            with pytest.raises(BadToken):
                read(KEY, RunPurpose.RESULTS, base64.urlsafe_b64encode(changed).decode(), NOW)
            stripped = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
            with pytest.raises(BadToken):
                read(KEY, RunPurpose.RESULTS, stripped, NOW)


@given(st.text(max_size=120))
def test_any_other_text_is_no_token(text: str) -> None:
    with pytest.raises(BadToken):
        read(KEY, RunPurpose.RESULTS, text, NOW)


def test_another_key_makes_other_tokens() -> None:
    with pytest.raises(BadToken):
        read(bytes(32), RunPurpose.RESULTS, TOKEN, NOW)


@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=1), timedelta(days=999)])
def test_it_expires(late: timedelta) -> None:
    with pytest.raises(TokenExpired):
        read(KEY, RunPurpose.RESULTS, TOKEN, CLAIMS.expires_at + late)
    assert read(KEY, RunPurpose.RESULTS, TOKEN, CLAIMS.expires_at - timedelta(seconds=1)) == CLAIMS


def test_each_attempt_has_tokens_of_its_own() -> None:
    others = {
        sign(KEY, RunPurpose.RESULTS, replace(CLAIMS, attempt=number)) for number in range(1, 50)
    }
    assert len(others) == 49


def test_the_secret_of_callbacks_depends_on_the_run_and_the_key() -> None:
    secret = callback_secret(KEY, "lora-a-1")
    assert secret == callback_secret(KEY, "lora-a-1")
    assert secret.isascii() and len(secret) >= 43
    assert secret not in (callback_secret(KEY, "lora-a-2"), callback_secret(bytes(32), "lora-a-1"))
