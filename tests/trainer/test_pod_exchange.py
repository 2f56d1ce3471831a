"""What reaches a pod and leaves it: checked by hash, tried again, and never in the way."""

import hashlib
import io
import shutil
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trainer.pod_desk import PACE, ROWS, SPOIL, Desk, environment, wait_until
from trainer import checkpoints
from trainer.errors import Code, TrainerError
from trainer.pod import settings
from trainer.pod.archive import Archive
from trainer.pod.arrival import Arrival, GivenUp
from trainer.pod.ending import Eviction
from trainer.pod.exchange import Deadline
from trainer.pod.uploads import Uploads, checkpoint_archive


@pytest.fixture
def desk() -> Iterator[Desk]:
    server = Desk()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with sealed checkpoints of steps 2 and 4, made elsewhere."""
    folder = tmp_path / "elsewhere"
    for step in (2, 4):
        seal(folder, step)
    return folder


def seal(run_dir: Path, step: int, size: int = 1000) -> None:
    written = run_dir / ".unsealed" / f"checkpoint-{step}"
    written.mkdir(parents=True)
    (written / "optimizer.pt").write_bytes(bytes([step]) * size)
    (run_dir / "checkpoints").mkdir(exist_ok=True)
    checkpoints.seal(written, step, {"seed": 42}, run_dir / "checkpoints")


def packed(run_dir: Path, step: int) -> bytes:
    with checkpoint_archive(run_dir / "checkpoints", step) as archive:
        return b"".join(archive.chunks())


def arrival(desk: Desk, folder: Path, **changes: object) -> Arrival:
    told = settings.read(environment(desk, folder, **changes))
    return Arrival(told, Eviction(), PACE)


def soon() -> Deadline:
    return Deadline(1, time.monotonic)


def restored(desk: Desk, folder: Path) -> int | None:
    """The step that a pod with an empty disk goes on from."""
    arrival(desk, folder).restore(soon())
    found, _ = checkpoints.newest(folder / "run" / "checkpoints")
    assert not (folder / "run" / ".incoming").exists()
    return found.step if found else None


def test_the_newest_stored_checkpoint_is_taken(desk: Desk, run: Path, tmp_path: Path) -> None:
    for step in (4, 2):
        desk.put_away(f"checkpoint-{step}.tar", packed(run, step), step)
    assert restored(desk, tmp_path) == 4


def test_what_has_another_hash_is_passed_over(desk: Desk, run: Path, tmp_path: Path) -> None:
    for step in (4, 2):
        desk.put_away(f"checkpoint-{step}.tar", packed(run, step), step)
    desk.faults["GET /store"] = [SPOIL]
    assert restored(desk, tmp_path) == 2


def test_an_address_that_has_expired_is_passed_over(desk: Desk, run: Path, tmp_path: Path) -> None:
    for step in (4, 2):
        desk.put_away(f"checkpoint-{step}.tar", packed(run, step), step)
    desk.faults["GET /store"] = [404]
    assert restored(desk, tmp_path) == 2


def test_what_has_a_broken_seal_is_passed_over(desk: Desk, run: Path, tmp_path: Path) -> None:
    (run / "checkpoints" / "step-4" / "optimizer.pt").write_bytes(b"other")
    for step in (4, 2):
        desk.put_away(f"checkpoint-{step}.tar", packed(run, step), step)
    assert restored(desk, tmp_path) == 2


def test_what_is_larger_than_the_desk_says_is_not_even_read(
    desk: Desk, run: Path, tmp_path: Path
) -> None:
    desk.put_away("checkpoint-9.tar", b"x" * 5_000_000, 9, bytes=1000)
    desk.put_away("checkpoint-8.tar", b"x", 8, bytes=2**60)
    desk.put_away("checkpoint-4.tar", packed(run, 4), 4)
    assert restored(desk, tmp_path) == 4


def test_a_hostile_checkpoint_with_the_right_hash_writes_nothing(
    desk: Desk, run: Path, tmp_path: Path
) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        link = tarfile.TarInfo("step-9/out")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        tar.addfile(link)
        tar.addfile(tarfile.TarInfo("step-9/out/written"))
    desk.put_away("checkpoint-9.tar", file.getvalue(), 9)
    desk.put_away("checkpoint-2.tar", packed(run, 2), 2)
    assert restored(desk, tmp_path) == 2
    assert not (tmp_path / "written").exists()


def test_the_desk_is_told_which_pod_asks(desk: Desk, tmp_path: Path) -> None:
    arrival(desk, tmp_path, RUNPOD_POD_ID="pod1").restore(soon())
    arrival(desk, tmp_path).restore(soon())
    told = [headers.get("pod-id") for _, _, headers, _ in desk.requests("GET /results")]
    assert told == ["pod1", None]


def test_names_that_no_pod_writes_are_left_alone(desk: Desk, run: Path, tmp_path: Path) -> None:
    for name in ("../checkpoint-9.tar", "checkpoint-9.tar.gz", "step-9"):
        desk.put_away(name, packed(run, 4), 9)
    assert restored(desk, tmp_path) is None
    assert desk.requests("GET /store") == []


@pytest.mark.parametrize(("status", "reason"), [(403, "results_refused"), (410, "attempt_ended")])
def test_a_desk_that_refuses_results_is_not_asked_again(
    status: int, reason: str, desk: Desk, tmp_path: Path
) -> None:
    desk.faults["GET /results"] = [status] * 10
    with pytest.raises(GivenUp) as given_up:
        arrival(desk, tmp_path).restore(soon())
    assert given_up.value.reason == reason
    assert len(desk.requests("GET /results")) == 1


def test_a_desk_that_stays_away_is_given_up_in_time(desk: Desk, tmp_path: Path) -> None:
    desk.away = True
    with pytest.raises(GivenUp) as given_up:
        arrival(desk, tmp_path).restore(soon())
    assert given_up.value.reason == "results_unreachable"
    assert 4 <= len(desk.requests("GET /results")) <= 12


@pytest.mark.parametrize("status", [403, 404, 410])
def test_data_whose_address_has_expired_is_told_from_data_that_is_out_of_reach(
    status: int, desk: Desk, tmp_path: Path
) -> None:
    desk.faults["GET /data"] = [status, *[500] * 100]
    with pytest.raises(GivenUp) as given_up:
        arrival(desk, tmp_path).fetch_data(soon())
    assert (given_up.value.reason, len(desk.asked)) == ("data_expired", 1)
    with pytest.raises(GivenUp) as given_up:
        arrival(desk, tmp_path).fetch_data(soon())
    assert given_up.value.reason == "data_unreachable"
    assert "secret" not in str(given_up.value)


def test_data_that_stays_another_has_changed(desk: Desk, tmp_path: Path) -> None:
    desk.faults["GET /data"] = [SPOIL] * 10
    with pytest.raises(TrainerError) as failed:
        arrival(desk, tmp_path).fetch_data(soon())
    assert failed.value.code == Code.DATA_CHANGED
    assert len(desk.asked) == 3


def test_data_that_is_there_already_is_not_fetched_again(desk: Desk, tmp_path: Path) -> None:
    for _ in range(2):
        arrival(desk, tmp_path).fetch_data(soon())
    assert (tmp_path / "sequences.jsonl").read_bytes() == ROWS
    assert len(desk.asked) == 1


@pytest.fixture
def uploads(desk: Desk, run: Path) -> Iterator[Uploads]:
    opened = Uploads(f"{desk.url}/results", run / "checkpoints", PACE)
    yield opened
    opened.close()


def test_a_checkpoint_is_stored_under_its_hash(desk: Desk, run: Path, uploads: Uploads) -> None:
    uploads.offer(4)
    assert uploads.settle(10)
    content = packed(run, 4)
    assert desk.uploaded["checkpoint-4.tar"] == content
    assert desk.stored["checkpoint-4.tar"] == {
        "name": "checkpoint-4.tar",
        "step": 4,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def test_what_is_stored_already_is_not_sent_again(desk: Desk, run: Path, uploads: Uploads) -> None:
    desk.put_away("checkpoint-4.tar", packed(run, 4), 4)
    uploads.offer(4)
    assert uploads.settle(10)
    assert desk.requests("PUT") == []


def test_only_the_newest_of_those_that_wait_is_sent(
    desk: Desk, run: Path, uploads: Uploads
) -> None:
    """While one is under way, the trainer seals three more and deletes the one under way."""
    under_way, go_on = threading.Event(), threading.Event()

    def hold(name: str) -> None:
        under_way.set()
        go_on.wait(10)

    desk.on_upload = hold
    content = packed(run, 4)
    uploads.offer(4)
    assert under_way.wait(10)
    for step in (6, 8, 10):
        seal(run, step)
        uploads.offer(step)
    assert not (run / "checkpoints" / "step-4").exists()
    go_on.set()
    assert uploads.settle(10)
    assert list(desk.stored) == ["checkpoint-4.tar", "checkpoint-10.tar"]
    assert desk.uploaded["checkpoint-4.tar"] == content


def test_a_checkpoint_that_was_deleted_before_its_turn_is_left_out(
    desk: Desk, run: Path, uploads: Uploads
) -> None:
    shutil.rmtree(run / "checkpoints" / "step-2")
    uploads.offer(2)
    assert uploads.settle(10)
    assert desk.asked == []


def test_a_newer_checkpoint_takes_the_place_of_one_that_cannot_be_stored(
    desk: Desk, run: Path, uploads: Uploads
) -> None:
    desk.away = True
    uploads.offer(2)
    wait_until(lambda: len(desk.asked) >= 2)
    uploads.offer(4)
    desk.away = False
    assert uploads.settle(10)
    assert list(desk.stored) == ["checkpoint-4.tar"]


@pytest.mark.parametrize(("status", "withdrawn"), [(413, False), (403, False), (410, True)])
def test_a_refusal_ends_this_upload_and_no_other(
    status: int, withdrawn: bool, desk: Desk, uploads: Uploads
) -> None:
    desk.faults["POST /results"] = [status]
    uploads.offer(2)
    assert uploads.settle(10)
    assert (len(desk.asked), uploads.withdrawn) == (1, withdrawn)
    uploads.offer(4)
    assert uploads.settle(10)
    assert list(desk.stored) == ["checkpoint-4.tar"]


def test_in_a_hurry_a_newer_checkpoint_comes_first(desk: Desk, run: Path, uploads: Uploads) -> None:
    """The older one is too large to have left by the time the newer one is there."""
    seal(run, 6, size=200_000_000)
    uploads.offer(6)
    wait_until(lambda: bool(desk.requests("POST /results")))
    seal(run, 8)
    uploads.hurry()
    uploads.offer(8)
    assert uploads.settle(20)
    assert list(desk.stored) == ["checkpoint-8.tar"]


def test_an_archive_is_sent_without_a_copy(run: Path) -> None:
    seal(run, 6, size=50_000_000)
    names = ["optimizer.pt", checkpoints.SEAL]
    with Archive(run / "checkpoints" / "step-6", names, "step-6") as archive:
        assert max(len(chunk) for chunk in archive.chunks()) <= 1024 * 1024
