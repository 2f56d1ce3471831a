"""Nothing that a strange tar file holds gets anywhere but into the one folder, or gets large."""

import io
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from lib.services.unpacking import MOST_MEMBERS, Unsafe, unpack
from tests.rented_runs import ADAPTER_FILES, ADAPTER_TAR, tar_of

Add = Callable[[tarfile.TarFile], None]


def unpacked(content: bytes, folder: Path) -> Path:
    archive = folder / "adapter.tar"
    archive.write_bytes(content)
    unpack(archive, "adapter", folder / "adapter")
    return folder / "adapter"


def everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_the_files_are_there_as_they_were_packed(tmp_path: Path) -> None:
    found = unpacked(ADAPTER_TAR, tmp_path)
    assert {path.name: path.read_bytes() for path in found.iterdir()} == ADAPTER_FILES
    assert everything(tmp_path) == {
        "adapter.tar",
        "adapter",
        *(f"adapter/{n}" for n in ADAPTER_FILES),
    }


def test_it_replaces_what_was_there_and_can_be_repeated(tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "old").write_text("old")
    for _ in range(2):
        assert {path.name for path in unpacked(ADAPTER_TAR, tmp_path).iterdir()} == set(
            ADAPTER_FILES
        )


def member(name: str, type_: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> Add:
    def add(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.size, info.linkname = type_, size, link
        tar.addfile(info, io.BytesIO(b"x" * size))

    return add


def sparse(tar: tarfile.TarFile) -> None:
    info = tarfile.TarInfo("adapter/huge")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    info.pax_headers |= {"GNU.sparse.realsize": str(10**12), "GNU.sparse.name": "adapter/huge"}
    content = b"1\n0\n1\n".ljust(512, b"\0") + b"x"
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def many(tar: tarfile.TarFile) -> None:
    for number in range(MOST_MEMBERS + 1):
        member(f"adapter/{number}")(tar)


TRICKS: dict[str, tuple[Add, ...]] = {
    "a way up": (member("adapter/../../evil", size=1),),
    "a way up first": (member("../adapter/evil", size=1),),
    "an absolute path": (member("/adapter/evil", size=1),),
    "another folder": (member("checkpoints/evil", size=1),),
    "no folder": (member("evil", size=1),),
    "a folder that begins alike": (member("adapter2/evil", size=1),),
    "a backslash": (member("adapter/..\\..\\evil", size=1),),
    "a symbolic link": (member("adapter/x", tarfile.SYMTYPE, link="/etc/passwd"),),
    "a file behind a link": (
        member("adapter/x", tarfile.SYMTYPE, link="/tmp"),
        member("adapter/x/evil", size=1),
    ),
    "a hard link": (member("adapter/x", tarfile.LNKTYPE, link="adapter/y"),),
    "a device": (member("adapter/x", tarfile.CHRTYPE),),
    "a pipe": (member("adapter/x", tarfile.FIFOTYPE),),
    "a folder": (member("adapter/x", tarfile.DIRTYPE),),
    "a sparse file": (sparse,),
    "a file twice": (member("adapter/x", size=1), member("adapter/x", size=2)),
    "a file twice in other words": (member("adapter/x"), member("adapter//./x")),
    "a file where a folder is": (member("adapter/x/y"), member("adapter/x")),
    "a folder where a file is": (member("adapter/x"), member("adapter/x/y")),
    "a long name": (member("adapter/" + "x" * 300),),
    "letters that are none": (member("adapter/\udcff"),),
    "too many files": (many,),
    "nothing": (),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_leaves_nothing_behind(trick: str, tmp_path: Path) -> None:
    home = tmp_path / "deep" / "run"
    home.mkdir(parents=True)
    packed = io.BytesIO()
    with tarfile.open(
        fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape"
    ) as tar:
        for add in TRICKS[trick]:
            add(tar)
    with pytest.raises(Unsafe):
        unpacked(packed.getvalue(), home)
    assert everything(tmp_path) == {"deep", "deep/run", "deep/run/adapter.tar"}


def test_what_was_there_stays_when_the_new_one_is_no_good(tmp_path: Path) -> None:
    unpacked(ADAPTER_TAR, tmp_path)
    with pytest.raises(Unsafe):
        unpacked(tar_of({"adapter/a": b"1", "evil": b"2"}), tmp_path)
    assert {path.name for path in (tmp_path / "adapter").iterdir()} == set(ADAPTER_FILES)


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_a_compressed_one_is_refused(packing: str, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=f"w:{packing}") as tar:  # type: ignore[call-overload]
        member("adapter/x", size=100_000)(tar)
    with pytest.raises(Unsafe):
        unpacked(packed.getvalue(), tmp_path)


def test_no_damage_gets_out_of_the_folder_or_raises_anything_else(tmp_path: Path) -> None:
    random = Random(7)
    home = tmp_path / "run"
    home.mkdir()
    for _ in range(300):
        changed = bytearray(ADAPTER_TAR)
        for _ in range(random.randint(1, 4)):
            changed[random.randrange(2048)] = random.randrange(256)
        cut = random.choice([len(changed), random.randrange(len(changed))])
        with suppress(Unsafe):
            unpacked(bytes(changed[:cut]), home)
        outside = everything(tmp_path) - {"run", "run/adapter", "run/adapter.tar"}
        assert all(name.startswith("run/adapter/") for name in outside)
