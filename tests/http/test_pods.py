"""The whole exchange of a rented pod over real HTTP: data out, results in, checked by hash."""

import hashlib
import json
import logging
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import text

from lib import storage
from lib.db.connection import transaction
from lib.db.system_status import row_counts
from lib.object_storage import object_storage
from lib.services import pod_exchange, pod_requests
from lib.settings import settings
from tests.rented_runs import (
    ADAPTER_FILES,
    ADAPTER_TAR,
    RentedRun,
    bring,
    facts,
    results_of,
    token_of,
)
from tests.s3_server import S3Server

Make = Callable[..., Any]
CHECKPOINT = Random(1).randbytes(100_000)


def listed(pod: httpx.Client, url: str) -> list[dict[str, Any]]:
    answer = pod.get(url)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def objects_of(run: RentedRun) -> set[str]:
    found = {one.key.partition("/")[2] for one in object_storage().objects(str(run.job_id))}
    return found - {pod_exchange.SEQUENCES}


def test_the_whole_exchange(
    desk: str, any_storage: str, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    exchange = run.open()
    sequences = storage.sequences_file(run.file.storage_key).read_bytes()
    data_url, url = exchange.data_url.get_secret_value(), exchange.results_url.get_secret_value()
    assert data_url.startswith(desk) == (any_storage != "s3://")
    answer = pod.get(data_url)
    assert (answer.status_code, answer.content) == (200, sequences)
    assert hashlib.sha256(answer.content).hexdigest() == run.file.sequences_sha256
    assert listed(pod, url) == []

    for step in (100, 200, 300):
        answer = bring(pod, url, f"checkpoint-{step}.tar", CHECKPOINT + bytes(step), step=step)
        assert (answer.status_code, answer.json()) == (200, {"stored": True})
    found = listed(pod, url)
    assert [(one["name"], one["step"]) for one in found] == [
        ("checkpoint-300.tar", 300),
        ("checkpoint-200.tar", 200),
    ]
    assert pod.get(found[0]["url"]).content == CHECKPOINT + bytes(300)
    assert found[0]["sha256"] == hashlib.sha256(CHECKPOINT + bytes(300)).hexdigest()
    assert {name.partition(".")[2] for name in objects_of(run)} == {
        "checkpoint-200.tar",
        "checkpoint-300.tar",
    }

    later = run.again()
    url = results_of(later)
    assert [one["step"] for one in listed(pod, url)] == [300, 200]
    assert bring(pod, url, "adapter.tar", ADAPTER_TAR).json() == {"stored": True}
    assert [one["step"] for one in listed(pod, url)] == [300, 200]  # the adapter is none of them
    with transaction() as connection:
        assert pod_exchange.stored_adapter(connection, run.job_id) is not None
        assert pod_exchange.stored_step(connection, run.job_id) == 300
    for _ in range(2):
        pod_exchange.bring_home(run.job_id)
        home = storage.run_folder(run.job_id)
        assert {path.name: path.read_bytes() for path in (home / "adapter").iterdir()} == (
            ADAPTER_FILES
        )
        assert [path.name for path in home.iterdir()] == ["adapter"]


def test_what_the_trainers_pod_sends_is_what_the_desk_takes(
    desk: str, any_storage: str, rented_run: Make, tmp_path: Any
) -> None:
    from trainer.checkpoints import seal
    from trainer.pod import exchange
    from trainer.pod.archive import folder_archive

    run = rented_run()
    opened = run.open()
    url = opened.results_url.get_secret_value()
    a_minute = exchange.Deadline(60, lambda: 0.0)
    data = tmp_path / "sequences.jsonl"
    sha256 = run.file.sequences_sha256
    exchange.fetch_data(opened.data_url.get_secret_value(), data, sha256, a_minute)
    assert data.read_bytes() == storage.sequences_file(run.file.storage_key).read_bytes()

    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "written").mkdir()
    (tmp_path / "written" / "optimizer.bin").write_bytes(CHECKPOINT)
    seal(tmp_path / "written", 40, {"run": "x"}, tmp_path / "checkpoints")
    with folder_archive(tmp_path / "checkpoints" / "step-40", "step-40") as archive:
        exchange.store(url, "checkpoint-40.tar", archive, 40)
        exchange.store(url, "checkpoint-40.tar", archive, 40)  # it is there already
    (entry,) = exchange.stored_checkpoints(url)
    elsewhere = tmp_path / "another machine"
    assert exchange.restore(entry, elsewhere, a_minute).step == 40
    restored = elsewhere / "checkpoints" / "step-40" / "optimizer.bin"
    assert restored.read_bytes() == CHECKPOINT

    (tmp_path / "adapter").mkdir()
    for name, content in ADAPTER_FILES.items():
        (tmp_path / "adapter" / name).write_bytes(content)
    with folder_archive(tmp_path / "adapter", "adapter") as archive:
        exchange.store(url, "adapter.tar", archive)
    pod_exchange.bring_home(run.job_id)
    home = storage.run_folder(run.job_id) / "adapter"
    assert {path.name: path.read_bytes() for path in home.iterdir()} == ADAPTER_FILES
    run.end()
    with pytest.raises(exchange.Refused, match="410"):
        exchange.stored_checkpoints(url)


def test_a_job_that_continues_another_is_offered_its_checkpoints_and_not_its_adapter(
    desk: str, any_storage: str, pod: httpx.Client, rented_run: Make
) -> None:
    first = rented_run()
    bring(pod, results_of(first), "checkpoint-50.tar", CHECKPOINT)
    bring(pod, results_of(first), "adapter.tar", ADAPTER_TAR)
    first.end_job(datetime.now(UTC))
    second = rented_run(continues=first.job_id)
    third, stranger = rented_run(continues=second.job_id), rented_run()
    bring(pod, results_of(third), "checkpoint-60.tar", CHECKPOINT + b"3")
    found = listed(pod, results_of(third))
    assert [one["name"] for one in found] == ["checkpoint-60.tar", "checkpoint-50.tar"]
    assert pod.get(found[1]["url"]).content == CHECKPOINT
    assert [one["step"] for one in listed(pod, results_of(second))] == [50]
    assert listed(pod, results_of(stranger)) == []
    with transaction() as connection:
        assert pod_exchange.stored_step(connection, second.job_id) == 50
        assert pod_exchange.stored_adapter(connection, third.job_id) is None
    if any_storage != "s3://":  # there, an address holds no id that could be tried elsewhere
        own = found[1]["url"].rsplit("/", 1)[1]
        assert pod.get(f"{results_of(stranger)}/{own}").status_code == 404


def test_the_newest_attempts_checkpoints_come_first_even_when_it_began_anew(
    desk: str, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    for step in (100, 200):
        bring(pod, results_of(run), f"checkpoint-{step}.tar", CHECKPOINT)
    later = run.again()
    bring(pod, results_of(later), "checkpoint-100.tar", CHECKPOINT + b"anew")
    found = listed(pod, results_of(later))
    assert [one["step"] for one in found] == [100, 200]
    assert found[0]["bytes"] == len(CHECKPOINT) + 4
    assert {row.attempt for row in run.results} == {1, 2}


def test_an_attempt_that_ends_during_an_upload_gets_nothing_acknowledged(
    desk: str, any_storage: str, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    url = results_of(run)
    asked = pod.post(url, json=facts("adapter.tar", ADAPTER_TAR)).json()
    assert pod.put(asked["url"], content=ADAPTER_TAR, headers=asked["headers"]).is_success
    run.end()
    assert pod.post(url, json=facts("adapter.tar", ADAPTER_TAR, done=True)).status_code == 410
    assert run.results == []


@pytest.mark.parametrize(
    "name",
    [
        *("../adapter.tar", "..%2Fadapter.tar", "%2e%2e%2fadapter.tar", "..", ".", "", "%00"),
        *("adapter.tar%00", "adapter.tar%0A", "Adapter.tar", "checkpoint-01.tar", "adapter.tar/x"),
        *("..%5Cadapter.tar", "checkpoint-1.tar%2F..%2F..%2Fx", "%FF", "adapter.tar;x"),
    ],
)
def test_no_name_leads_anywhere_else(
    desk: str, pod: httpx.Client, rented_run: Make, name: str
) -> None:
    run = rented_run()
    url = results_of(run)
    before = set((settings().data_path / "pods").rglob("*"))
    for sha in (hashlib.sha256(b"x").hexdigest(), "..", "%2e%2e", "a" * 64):
        raw = f"PUT {urlsplit(url).path}/{sha}/{name} HTTP/1.1\r\nHost: desk\r\n"
        status = send_raw(desk, f"{raw}Content-Length: 1\r\nConnection: close\r\n\r\nx".encode())
        assert status in (307, 400, 403, 404, 405), (sha, name, status)  # 307: without the slash
    said = facts("adapter.tar", b"x") | {"name": name}
    assert pod.post(url, json=said).status_code == 422
    assert set((settings().data_path / "pods").rglob("*")) == before
    assert run.results == []


def send_raw(desk: str, message: bytes) -> int:
    """The status of what is sent as it is: clients of HTTP would put such paths right."""
    parts = urlsplit(desk)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(message)
        answer = connection.recv(4096)
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b"{", 422),
        (b"\xff", 422),
        (b"[" * 16_000, 422),
        (b"9" * 10_000, 422),
        (b" " * 20_000, 422),
        (json.dumps(facts("adapter.tar", b"x") | {"bytes": -1}).encode(), 422),
        (json.dumps(facts("adapter.tar", b"x") | {"bytes": 10**30}).encode(), 413),
    ],
)
def test_what_makes_no_sense_is_told(
    desk: str, pod: httpx.Client, rented_run: Make, content: bytes, status: int
) -> None:
    answer = pod.post(results_of(rented_run()), content=content)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_other_content_than_announced_is_not_kept(
    desk: str, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    url = results_of(run)
    asked = pod.post(url, json=facts("adapter.tar", ADAPTER_TAR)).json()
    random = Random(5)
    for at in [0, len(ADAPTER_TAR) - 1, *random.sample(range(len(ADAPTER_TAR)), 40)]:
        changed = bytearray(ADAPTER_TAR)
        changed[at] ^= 1 << random.randrange(8)
        assert pod.put(asked["url"], content=bytes(changed)).status_code == 409
    for content in (b"", ADAPTER_TAR[:-1], ADAPTER_TAR + b"x"):
        assert pod.put(asked["url"], content=content).status_code == 409
    assert objects_of(run) == set()
    assert pod.post(url, json=facts("adapter.tar", ADAPTER_TAR, done=True)).status_code == 409
    assert run.results == []
    assert bring(pod, url, "adapter.tar", ADAPTER_TAR).status_code == 200  # the twin


def test_another_size_in_the_bucket_is_not_acknowledged(
    desk: str, s3: S3Server, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    url = results_of(run)
    said = facts("adapter.tar", ADAPTER_TAR)
    assert pod.post(url, json=said | {"done": True}).status_code == 409  # nothing is there
    s3.write(f"{run.job_id}/{said['sha256']}.adapter.tar", ADAPTER_TAR + b"x")
    assert pod.post(url, json=said | {"done": True}).status_code == 409
    assert run.results == []


def test_an_upload_into_the_bucket_is_signed_for_its_size_and_content(
    desk: str, s3: S3Server, pod: httpx.Client, rented_run: Make
) -> None:
    asked = pod.post(results_of(rented_run()), json=facts("adapter.tar", ADAPTER_TAR)).json()
    signed_headers = httpx.URL(asked["url"]).params["X-Amz-SignedHeaders"].split(";")
    assert {"content-length", "x-amz-checksum-sha256"} <= set(signed_headers)
    assert list(asked["headers"]) == ["x-amz-checksum-sha256"]
    assert int(httpx.URL(asked["url"]).params["X-Amz-Expires"]) == 3600


def test_what_is_too_large_is_refused_before_it_is_read(
    desk: str, pod: httpx.Client, rented_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_requests, "GIGABYTE", 1000)  # 20 of these are the limit
    run = rented_run()
    url = results_of(run)
    large = bytes(20_001)
    assert pod.post(url, json=facts("adapter.tar", large)).status_code == 413
    path = f"{urlsplit(url).path}/{hashlib.sha256(large).hexdigest()}/adapter.tar"
    head = f"PUT {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n"
    assert send_raw(desk, f"{head}Content-Length: 20001\r\n\r\n".encode()) == 413
    chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()
    assert send_raw(desk, chunked) == 422  # its length has to be known
    assert objects_of(run) == set()
    assert bring(pod, url, "checkpoint-1.tar", bytes(20_000)).status_code == 200


def test_a_full_disk_is_told_before_it_is_full(
    desk: str, pod: httpx.Client, rented_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_requests, "DISK_LOW_BYTES", 10**18)
    answer = bring(pod, results_of(rented_run()), "adapter.tar", ADAPTER_TAR)
    assert (answer.status_code, "nearly full" in answer.text) == (507, True)


def test_an_upload_that_is_cut_off_leaves_nothing(
    desk: str, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    url = results_of(run)
    content = Random(2).randbytes(3_000_000)
    path = urlsplit(pod.post(url, json=facts("adapter.tar", content)).json()["url"]).path
    parts = urlsplit(desk)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        head = f"PUT {path} HTTP/1.1\r\nHost: desk\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content[:2_500_000])
        until(lambda: len(objects_of(run)) == 1)  # it is being written
        (draft,) = objects_of(run)
        assert draft.endswith(".part")
    until(lambda: objects_of(run) == set())
    assert pod.post(url, json=facts("adapter.tar", content, done=True)).status_code == 409
    assert bring(pod, url, "adapter.tar", content).json() == {"stored": True}


def until(holds: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(200):
        if holds():
            return
        waiting.wait(0.05)
    raise AssertionError("not within ten seconds")


def test_two_uploads_at_once_of_one_name_do_not_mix(
    desk: str, any_storage: str, rented_run: Make
) -> None:
    run = rented_run()
    url = results_of(run)
    contents = [bytes([number]) * 2_000_000 for number in range(4)] * 2
    statuses = []

    def upload(content: bytes) -> None:
        """As often as a pod would: who was replaced before its word came is to bring it again."""
        with httpx.Client(timeout=60, trust_env=False) as client:
            for _ in range(10):
                status = bring(client, url, "checkpoint-9.tar", content).status_code
                if status == 200:
                    break
            statuses.append(status)

    threads = [threading.Thread(target=upload, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    (row,) = run.results
    with httpx.Client(timeout=60, trust_env=False) as client:
        assert bring(client, url, "checkpoint-9.tar", contents[0]).status_code == 200
        (entry,) = listed(client, url)
        content = client.get(entry["url"]).content
    assert content == contents[0]
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert row.name == "checkpoint-9.tar"


def test_a_result_that_is_there_already_is_not_sent_again(
    desk: str, any_storage: str, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    url = results_of(run)
    bring(pod, url, "checkpoint-1.tar", CHECKPOINT)
    said = facts("checkpoint-1.tar", CHECKPOINT)
    for more in ({}, {"done": True}):
        assert pod.post(url, json=said | more).json() == {"stored": True}
    assert pod.post(url, json=facts("checkpoint-1.tar", b"other")).json()["stored"] is False


def test_a_dead_storage_is_told_as_such(
    desk: str, configure: Make, pod: httpx.Client, rented_run: Make
) -> None:
    run = rented_run()
    url = results_of(run)
    configure(STORAGE_URL="s3://key:very-secret@bucket/x?endpoint_url=http://127.0.0.1:9&region=x")
    answer = pod.post(url, json=facts("adapter.tar", b"x", done=True))
    assert answer.status_code == 503
    assert "very-secret" not in answer.text
    with pytest.raises(pod_exchange.ExchangeProblem):
        run.open()


def test_data_that_are_not_there_are_told(desk: str, pod: httpx.Client, rented_run: Make) -> None:
    run = rented_run()
    url = run.open().data_url.get_secret_value()
    storage.sequences_file(run.file.storage_key).unlink()
    assert pod.get(url).status_code == 404


def test_no_answer_is_kept_by_a_cache(desk: str, pod: httpx.Client, rented_run: Make) -> None:
    exchange = rented_run().open()
    for url in (exchange.data_url, exchange.results_url):
        assert pod.get(url.get_secret_value()).headers["cache-control"] == "no-store"
    assert pod.get(f"{desk}/pods/results/x").headers["cache-control"] == "no-store"


def test_no_secret_is_in_the_database_or_in_a_log(
    desk: str, s3: S3Server, rented_run: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.CRITICAL)  # the pod's own side
    logging.getLogger("httpcore").setLevel(logging.CRITICAL)
    run = rented_run()
    exchange = run.open()
    url = exchange.results_url.get_secret_value()
    with httpx.Client(timeout=30, trust_env=False) as pod:
        bring(pod, url, "checkpoint-1.tar", CHECKPOINT)
        bring(pod, url, "adapter.tar", ADAPTER_TAR)
        for name in ("callbacks/" + run.name, "pods/results/" + token_of(url) + "x"):
            pod.post(f"{desk}/{name}", content=b"x", headers={"webhook-id": "x"})
    pod_exchange.bring_home(run.job_id)
    secrets = [token_of(url), exchange.callback_token.get_secret_value(), "X-Amz-Signature"]
    from tests.s3_server import SECRET

    said = whole_database() + repr(exchange) + repr(settings())
    for secret in (*secrets, SECRET):
        assert secret not in said
    # botocore's DEBUG log shows what it signs; ours and the server's show nothing.
    ours = "".join(
        record.getMessage()
        for record in caplog.records
        if record.name.split(".")[0] not in ("botocore", "aiobotocore") or record.levelno > 10
    )
    for secret in (*secrets, SECRET):
        assert secret not in ours


def whole_database() -> str:
    with transaction() as connection:
        return "".join(
            str(row)
            for table in row_counts(connection)
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        )
