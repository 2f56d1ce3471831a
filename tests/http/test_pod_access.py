"""Who comes in as a rented pod, over real HTTP: what its token opens, and which pod it is."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import pytest

from lib.db import work
from lib.db.connection import transaction
from lib.notify import run_tokens
from lib.notify.run_tokens import RunClaims, RunPurpose
from lib.services import installation
from tests.rented_runs import RentedRun, bring, facts, results_of, token_of

Make = Callable[..., Any]
CHECKPOINT = Random(1).randbytes(100_000)


def every_way_in(pod: httpx.Client, desk: str, token: str) -> set[int]:
    """What somebody with this token is answered, at each door."""
    sha = hashlib.sha256(b"x").hexdigest()
    results = f"{desk}/pods/results/{token}"
    return {
        pod.get(f"{desk}/pods/data/{token}").status_code,
        pod.get(results).status_code,
        pod.post(results, json=facts("adapter.tar", b"x")).status_code,
        pod.post(results, json=facts("adapter.tar", b"x", done=True)).status_code,
        pod.put(f"{results}/{sha}/adapter.tar", content=b"x").status_code,
        pod.get(f"{results}/00000000-0000-4000-8000-000000000000").status_code,
    }


def test_a_token_is_good_for_its_purpose_alone(
    desk: str, pod: httpx.Client, rented_run: Make
) -> None:
    exchange = rented_run().open()
    data, results = (
        token_of(url.get_secret_value()) for url in (exchange.data_url, exchange.results_url)
    )
    assert pod.get(f"{desk}/pods/data/{results}").status_code == 403
    assert pod.get(f"{desk}/pods/results/{data}").status_code == 403
    assert bring(pod, f"{desk}/pods/results/{data}", "adapter.tar", b"x").status_code == 403
    sha = hashlib.sha256(b"x").hexdigest()
    put = pod.put(f"{desk}/pods/results/{data}/{sha}/adapter.tar", content=b"x")
    assert put.status_code == 403


def signed(run: RentedRun, purpose: RunPurpose, **changes: Any) -> str:
    """A token that this desk's key signed, whatever it says."""
    says = {
        "job_id": run.job_id,
        "attempt": run.attempt.number,
        "expires_at": datetime.now(UTC) + timedelta(days=1),
    }
    with transaction() as connection:
        key = changes.pop("key", None) or installation.signing_key(connection, "run_key")
    return run_tokens.sign(key, purpose, RunClaims(**(says | changes)))


@pytest.mark.parametrize("purpose", list(RunPurpose))
def test_forged_foreign_and_expired_tokens_open_nothing(
    desk: str, pod: httpx.Client, rented_run: Make, purpose: RunPurpose
) -> None:
    run, other = rented_run(), rented_run()
    with transaction() as connection:
        others = installation.signing_key(connection, "approval_key")
    bad = [
        "x",
        "x" * 5000,
        signed(run, purpose, key=bytes(32)),
        signed(run, purpose, key=others),
        signed(run, purpose, attempt=7),  # there is no such attempt
        signed(run, purpose, expires_at=datetime.now(UTC)),
        signed(run, purpose)[:-1],
        signed(run, purpose) + "A",
    ]
    for token in bad:
        assert every_way_in(pod, desk, token) == {403}, token
    assert other.results == run.results == []
    good = signed(run, purpose)
    assert every_way_in(pod, desk, good) - {403}  # the twin: an unspoilt one does open something


def test_every_byte_of_the_token_counts(desk: str, pod: httpx.Client, rented_run: Make) -> None:
    url = results_of(rented_run())
    token = token_of(url)
    random = Random(3)
    for at in range(len(token)):
        letter = random.choice([one for one in "AZaz09-_~." if one != token[at]])
        changed = url.replace(token, token[:at] + letter + token[at + 1 :])
        assert pod.get(changed).status_code == 403
    assert pod.get(url).status_code == 200


def test_once_its_attempt_has_ended_a_token_opens_nothing(
    desk: str, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    bring(pod, results_of(run), "checkpoint-1.tar", CHECKPOINT)
    tokens = {purpose: signed(run, purpose) for purpose in RunPurpose}
    run.end()
    for token in tokens.values():
        assert every_way_in(pod, desk, token) == {403, 410}
    assert pod.get(f"{desk}/pods/data/{tokens[RunPurpose.DATA]}").status_code == 410
    assert [row.name for row in run.results] == ["checkpoint-1.tar"]


def test_a_pod_says_who_it_is_where_nobody_knows(
    desk: str, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    url = results_of(run)
    for unfit in ("", "x" * 101, "pod 1", "../pods", "é".encode()):
        assert pod.get(url, headers={"Pod-Id": unfit}).status_code == 200
        assert run.row.claimed_id is None
    for said in ("pod1", "pod2"):
        assert pod.get(url, headers={"Pod-Id": said}).status_code == 200
        assert run.row.claimed_id == "pod1"
    known = run.again()
    with transaction() as connection:
        work.write_attempt(connection, known.attempt.id, external_id="pod3")
    assert pod.get(results_of(known), headers={"Pod-Id": "pod4"}).status_code == 200
    assert known.row.claimed_id is None


def test_a_pod_that_was_given_up_is_turned_away_and_known(
    desk: str, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    url = results_of(run)
    run.end()
    assert pod.get(url.replace("results/", "results/x"), headers={"Pod-Id": "a"}).status_code == 403
    assert run.row.claimed_id is None
    assert pod.get(url, headers={"Pod-Id": "pod1"}).status_code == 410
    assert run.row.claimed_id == "pod1"
