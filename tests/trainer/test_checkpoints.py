"""Only a checkpoint with all its bytes counts."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer import checkpoints
from trainer.checkpoints import SEAL

IDENTITY = {"seed": 42}


def save(folder: Path, step: int) -> Path:
    written = folder / ".unsealed" / f"checkpoint-{step}"
    (written / "shards").mkdir(parents=True)
    (written / "weights.bin").write_bytes(bytes([step]) * 1000)
    (written / "shards" / "optimizer.bin").write_bytes(b"moments")
    assert checkpoints.seal(written, step, IDENTITY, folder) == 1007
    return folder / f"step-{step}"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def without_seal(folder: Path) -> None:
    (folder / SEAL).unlink()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut short": lambda folder: os.truncate(folder / "weights.bin", 999),
    "emptied": lambda folder: os.truncate(folder / "weights.bin", 0),
    "one bit flipped": lambda folder: flip(folder / "shards" / "optimizer.bin"),
    "a file lost": lambda folder: (folder / "weights.bin").unlink(),
    "a file added": lambda folder: (folder / "more.bin").write_bytes(b"x"),
    "no seal": without_seal,
    "an empty seal": lambda folder: os.truncate(folder / SEAL, 0),
    "a cut seal": lambda folder: os.truncate(folder / SEAL, 40),
    "a seal of nonsense": lambda folder: (folder / SEAL).write_text('{"files": [1]}'),
    "a seal that is no object": lambda folder: (folder / SEAL).write_text("[]"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    save(tmp_path, 9)
    newest = save(tmp_path, 10)
    found, torn = checkpoints.newest(tmp_path)
    assert found is not None and (found.step, found.folder, torn) == (10, newest, [])
    damage(newest)
    found, torn = checkpoints.newest(tmp_path)
    assert found is not None and (found.step, torn) == (9, ["step-10"])
    assert found.identity == IDENTITY


def test_nothing_is_found_where_nothing_is_whole(tmp_path: Path) -> None:
    assert checkpoints.newest(tmp_path) == (None, [])
    flip(save(tmp_path, 3) / "weights.bin")
    (tmp_path / "step-x").mkdir()
    assert checkpoints.newest(tmp_path) == (None, ["step-3"])


def test_the_two_newest_by_number_are_kept(tmp_path: Path) -> None:
    for step in (8, 9, 10, 100):
        save(tmp_path, step)
    assert checkpoints.sealed_steps(tmp_path) == [100, 10]
    assert not (tmp_path / "step-9").exists()


def test_a_damaged_checkpoint_is_replaced_when_its_step_is_reached_again(tmp_path: Path) -> None:
    flip(save(tmp_path, 5) / "weights.bin")
    save(tmp_path, 5)
    found, torn = checkpoints.newest(tmp_path)
    assert found is not None and (found.step, torn) == (5, [])


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    checkpoints.write_atomically(tmp_path / "a.json", b"old")
    (tmp_path / ".a.json.tmp").write_bytes(b"half of an earlier att")
    checkpoints.write_atomically(tmp_path / "a.json", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"new"
