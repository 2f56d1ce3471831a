"""What the worker has of the exchange: addresses to give away, and the adapter brought home."""

from collections.abc import Callable
from typing import Any

import pytest

from lib import storage
from lib.db import run_results
from lib.db.connection import transaction
from lib.domain.run_results import Result
from lib.object_storage import object_storage
from lib.services import pod_exchange
from lib.services.pod_exchange import Damaged, ExchangeProblem, NeverStored, NotAnAdapter
from tests.rented_runs import ADAPTER_FILES, ADAPTER_TAR, RentedRun, facts, tar_of
from tests.s3_server import S3Server

Make = Callable[..., Any]


def store(run: RentedRun, name: str, content: bytes, **changes: Any) -> str:
    """Puts a result there as if a pod had brought it; its key. `changes` are what the row says."""
    result = Result.from_dict(facts(name, content) | changes)
    key = f"{run.job_id}/{result.key}"
    upload = object_storage().upload(key)
    upload.write(content)
    upload.commit()
    with transaction() as connection:
        run_results.put(connection, run.job_id, run.attempt.number, result)
    return key


def home_of(run: RentedRun) -> dict[str, bytes]:
    folder = storage.run_folder(run.job_id) / "adapter"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def test_each_attempt_gets_addresses_and_a_secret_of_its_own(
    rented_run: Make, configure: Make
) -> None:
    configure(PUBLIC_URL="https://desk.example.com")
    run = rented_run()
    first, again, other = run.open(), run.open(), rented_run().open()
    assert first.callback_token == again.callback_token != other.callback_token
    assert first.callback_url == f"https://desk.example.com/callbacks/{run.name}"
    assert first.data_url.get_secret_value().startswith("https://desk.example.com/pods/data/")
    results = first.results_url.get_secret_value()
    assert results.startswith("https://desk.example.com/pods/results/")
    assert results != other.results_url.get_secret_value()
    for secret in (results, first.callback_token.get_secret_value()):
        assert secret not in repr(first)


def test_the_sequences_are_in_the_bucket_before_the_pod_is(s3: S3Server, rented_run: Make) -> None:
    run = rented_run()
    run.open()
    run.open()
    assert f"runs/{run.job_id}/sequences.jsonl" in s3.key_list()
    sent = s3.client.get_object(Bucket="desk-of-tests", Key=f"runs/{run.job_id}/sequences.jsonl")
    assert sent["Body"].read() == storage.sequences_file(run.file.storage_key).read_bytes()


def test_an_adapter_that_was_never_brought_is_told_as_such(
    any_storage: str, rented_run: Make
) -> None:
    run = rented_run()
    store(run, "checkpoint-5.tar", b"x")
    with transaction() as connection:
        assert pod_exchange.stored_adapter(connection, run.job_id) is None
        assert pod_exchange.stored_step(connection, run.job_id) == 5
    with pytest.raises(NeverStored):
        pod_exchange.bring_home(run.job_id)


def test_it_comes_home_whole_and_again(any_storage: str, rented_run: Make) -> None:
    run = rented_run()
    store(run, "adapter.tar", ADAPTER_TAR)
    for _ in range(2):
        pod_exchange.bring_home(run.job_id)
        assert home_of(run) == ADAPTER_FILES


@pytest.mark.parametrize("at", [0, 700, len(ADAPTER_TAR) // 2, len(ADAPTER_TAR) - 1])
def test_a_byte_that_was_changed_since_is_found(
    any_storage: str, rented_run: Make, at: int
) -> None:
    run = rented_run()
    changed = bytearray(ADAPTER_TAR)
    changed[at] ^= 1
    store(run, "adapter.tar", bytes(changed), sha256=facts("adapter.tar", ADAPTER_TAR)["sha256"])
    with pytest.raises(Damaged):
        pod_exchange.bring_home(run.job_id)
    assert home_of(run) == {}
    assert run.results == []  # so that the next run can bring it anew
    with pytest.raises(NeverStored):
        pod_exchange.bring_home(run.job_id)


def test_another_size_and_a_file_that_is_gone_are_found(any_storage: str, rented_run: Make) -> None:
    run, other = rented_run(), rented_run()
    store(run, "adapter.tar", ADAPTER_TAR, bytes=len(ADAPTER_TAR) + 1)
    object_storage().remove(store(other, "adapter.tar", ADAPTER_TAR))
    for one in (run, other):
        with pytest.raises(Damaged):
            pod_exchange.bring_home(one.job_id)


@pytest.mark.parametrize(
    "content", [b"no tar file", tar_of({"evil": b"x"}), tar_of({"adapter/../../evil": b"x"})]
)
def test_what_is_no_adapter_leaves_nothing_in_the_runs_folder(
    rented_run: Make, content: bytes
) -> None:
    run = rented_run()
    store(run, "adapter.tar", content)
    before = {path for path in storage.runs_folder().rglob("*") if str(run.job_id) not in str(path)}
    with pytest.raises(NotAnAdapter):
        pod_exchange.bring_home(run.job_id)
    assert list(storage.run_folder(run.job_id).iterdir()) == []
    after = {path for path in storage.runs_folder().rglob("*") if str(run.job_id) not in str(path)}
    assert after == before


def test_a_storage_that_is_away_is_no_loss(s3: S3Server, rented_run: Make, configure: Make) -> None:
    run = rented_run()
    store(run, "adapter.tar", ADAPTER_TAR)
    configure(STORAGE_URL="s3://a:b@bucket/x?endpoint_url=http://127.0.0.1:9&region=x")
    with pytest.raises(ExchangeProblem, match="cannot be used"):
        pod_exchange.bring_home(run.job_id)
    configure(STORAGE_URL=s3.storage_url)
    pod_exchange.bring_home(run.job_id)
    assert home_of(run) == ADAPTER_FILES


def test_what_a_killed_worker_left_is_cleared_away(rented_run: Make) -> None:
    run = rented_run()
    store(run, "adapter.tar", ADAPTER_TAR)
    left = storage.run_folder(run.job_id) / ".coming-killed"
    left.mkdir(parents=True)
    pod_exchange.bring_home(run.job_id)
    assert not left.exists()
