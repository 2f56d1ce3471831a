"""Checkpoints and adapters on their way: the same bytes everywhere, and nothing hostile gets in."""

import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer.pod.archive import Archive, Unusable, Vanished, folder_archive, unpack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "step-4"
    (made / "deep").mkdir(parents=True)
    (made / "optimizer.pt").write_bytes(os.urandom(3_000_000))
    (made / "deep" / "state.json").write_text("{}")
    (made / "empty").touch()
    return made


def content(archive: Archive) -> bytes:
    return b"".join(archive.chunks())


def test_what_is_packed_comes_out_again(folder: Path, tmp_path: Path) -> None:
    with folder_archive(folder, "step-4") as archive:
        (tmp_path / "it.tar").write_bytes(content(archive))
        assert archive.size == (tmp_path / "it.tar").stat().st_size
    out = unpack(tmp_path / "it.tar", "step-4", tmp_path / "out")
    for path in folder.rglob("*"):
        copy = out / path.relative_to(folder)
        assert copy.is_dir() if path.is_dir() else copy.read_bytes() == path.read_bytes()


def test_the_same_files_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile)
    os.utime(copy / "empty", (1, 1))
    (copy / "empty").chmod(0o600)
    with folder_archive(folder, "step-4") as one, folder_archive(copy, "step-4") as other:
        assert one.sha256 == other.sha256
        assert content(one) == content(other)


def test_a_folder_that_is_deleted_meanwhile_is_sent_whole(folder: Path) -> None:
    with folder_archive(folder, "step-4") as archive:
        whole = content(archive)
        shutil.rmtree(folder)
        assert content(archive) == whole


def test_a_folder_that_is_no_longer_whole_is_not_sent_at_all(folder: Path) -> None:
    with pytest.raises(Vanished):
        Archive(folder, ["empty", "gone"], "step-4")


def hostile(build: Callable[[tarfile.TarFile], None], path: Path) -> Path:
    with tarfile.open(path, "w") as tar:
        build(tar)
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 1) -> tuple:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = size if kind == tarfile.REGTYPE else 0
    return info, io.BytesIO(b"x" * info.size)


@pytest.mark.parametrize(
    "members",
    [
        [member("../outside")],
        [member("step-4/../../outside")],
        [member("/etc/outside")],
        [member("outside")],
        [member("step-5/outside")],
        [member("step-4/a\\b")],
        [member("step-4/link", tarfile.SYMTYPE, "/etc/passwd")],
        [member("step-4/link", tarfile.LNKTYPE, "step-4/other")],
        [member("step-4/pipe", tarfile.FIFOTYPE)],
        [member("step-4/device", tarfile.CHRTYPE)],
        [member("step-4/sparse", tarfile.GNUTYPE_SPARSE)],
        [member("step-4", tarfile.DIRTYPE)],
        [member("step-4/file"), member("step-4/file/below")],
        [member(f"step-4/{number}") for number in range(1001)],
    ],
    ids=lambda members: f"{members[0][0].name}-{members[0][0].type.decode()}-{len(members)}",
)
def test_a_hostile_tar_file_is_refused_and_writes_nothing_outside(
    members: list, tmp_path: Path
) -> None:
    def build(tar: tarfile.TarFile) -> None:
        for info, file in members:
            tar.addfile(info, file)

    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(Unusable):
        unpack(hostile(build, tmp_path / "hostile.tar"), "step-4", into)
    assert {path.name for path in tmp_path.iterdir()} == {"into", "hostile.tar"}


def test_what_is_no_tar_file_is_refused(tmp_path: Path) -> None:
    for number, spoiled in enumerate((b"", b"no tar file" * 100, b"\x1f\x8b" + bytes(600))):
        path = tmp_path / f"{number}.tar"
        path.write_bytes(spoiled)
        with pytest.raises(Unusable):
            unpack(path, "step-4", tmp_path)


def test_a_compressed_tar_file_is_refused(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "it.tar", "w:gz") as tar:
        tar.add(folder / "empty", "step-4/empty")
    with pytest.raises(Unusable):
        unpack(tmp_path / "it.tar", "step-4", tmp_path / "out")


def test_a_tar_file_that_is_cut_off_is_refused(folder: Path, tmp_path: Path) -> None:
    with folder_archive(folder, "step-4") as archive:
        (tmp_path / "it.tar").write_bytes(content(archive)[:2_000_000])
    with pytest.raises(Unusable):
        unpack(tmp_path / "it.tar", "step-4", tmp_path / "out")
