"""Where the results of rented runs lie: a folder of ours, or what STORAGE_URL names, by fsspec.

An object's key is `folder/name`. It is there whole or not at all. On S3 pods read and write by
addresses that are signed for one object and an hour; elsewhere everything passes through the desk.
"""

import base64
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from lib.settings import settings

CHUNK = 1024 * 1024
ADDRESS_SECONDS = 3600  # in which a transfer has to begin
LARGEST_PUT = 5 * 1024**3  # that S3 takes in one request
_UNFINISHED = ".part"
_TIMES = {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 1}}


class StorageUnavailable(Exception):
    """The storage cannot be used right now; nothing was changed. The message says why."""


@dataclass(frozen=True)
class StoredObject:
    """`key`, size in bytes, and when it was written."""

    key: str
    size: int
    modified: datetime


class Upload:
    """An object while it is written: there once it is committed, and never in part."""

    def __init__(self, system: Any, path: str) -> None:
        self._system, self._path = system, path
        self._draft = f"{path}.{uuid4().hex}{_UNFINISHED}"
        with _reaching():
            self._file = system.open(self._draft, "wb")

    def write(self, chunk: bytes) -> None:
        with _reaching():
            self._file.write(chunk)

    def commit(self) -> None:
        with _reaching():
            if _is_local(self._system):
                self._file.flush()
                os.fsync(self._file.fileno())
            self._file.close()
            self._system.mv(self._draft, self._path)

    def discard(self) -> None:
        """Leaves nothing behind. Safe after an error, and after `commit`."""
        with _reaching():
            self._file.close()
            if self._system.exists(self._draft):
                self._system.rm_file(self._draft)


class ObjectStorage:
    """Objects in folders. Every method may raise StorageUnavailable."""

    def __init__(self, system: Any, root: str) -> None:
        self._system, self._root = system, root.rstrip("/")

    @property
    def signs(self) -> bool:
        """Whether pods are given addresses of the storage's own."""
        return "s3" in _protocols(self._system)

    def address(self, key: str, seconds: int = ADDRESS_SECONDS) -> str:
        """A signed address to read the object from; S3 takes 7 days at most."""
        with _reaching():
            return str(self._system.sign(self._path(key), expiration=seconds))

    def upload_address(self, key: str, size: int, sha256: str) -> tuple[str, Mapping[str, str]]:
        """A signed address to write the object to, and the headers that go with it.

        Both are signed for this size and content: S3 takes nothing else.
        """
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        with _reaching():
            url = self._system.sign(
                self._path(key),
                expiration=ADDRESS_SECONDS,
                client_method="put_object",
                ContentLength=size,
                ChecksumSHA256=checksum,
            )
        return str(url), {"x-amz-checksum-sha256": checksum}

    @property
    def free_bytes(self) -> int | None:
        """Room on the disk, where it is one of this machine."""
        if not _is_local(self._system):
            return None
        folder = Path(self._root)
        there = next(path for path in (folder, *folder.parents) if path.exists())
        return shutil.disk_usage(there).free

    def size(self, key: str) -> int | None:
        """In bytes; None where there is no such object."""
        try:
            with _reaching():
                return int(self._system.info(self._path(key))["size"])
        except FileNotFoundError:
            return None

    def read(self, key: str) -> Iterator[bytes]:
        """The object, a megabyte at a time. Raises FileNotFoundError."""
        with _reaching(), self._system.open(self._path(key), "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def fetch(self, key: str, target: Path) -> None:
        """The whole object into a file. Raises FileNotFoundError."""
        with _reaching():
            self._system.get_file(self._path(key), str(target))

    def put(self, source: Path, key: str) -> None:
        """A file into an object."""
        with _reaching():
            self._system.put_file(str(source), self._path(key))

    def upload(self, key: str) -> Upload:
        return Upload(self._system, self._path(key))

    def folders(self) -> list[str]:
        return [entry["name"].rstrip("/").rsplit("/", 1)[-1] for entry in self._entries("")]

    def objects(self, folder: str) -> list[StoredObject]:
        """What lies in a folder, unfinished uploads included."""
        found = []
        for entry in self._entries(folder):
            with _reaching():
                modified = self._system.modified(entry["name"])
            key = f"{folder}/{entry['name'].rsplit('/', 1)[-1]}"
            found.append(StoredObject(key, int(entry["size"]), modified))
        return found

    def remove(self, key: str) -> None:
        """Safe to repeat."""
        try:
            with _reaching():
                self._system.rm_file(self._path(key))
        except FileNotFoundError:
            pass

    def remove_folder(self, folder: str) -> None:
        """With all that lies in it. Safe to repeat."""
        try:
            with _reaching():
                self._system.rm(self._path(folder), recursive=True)
        except FileNotFoundError:
            pass

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}" if key else self._root

    def _entries(self, folder: str) -> list[dict[str, Any]]:
        path = self._path(folder)
        try:
            with _reaching():
                listed = self._system.ls(path, detail=True)
        except FileNotFoundError:
            return []
        return [entry for entry in listed if entry["name"].rstrip("/") != path]


def object_storage() -> ObjectStorage:
    """The storage of this installation, opened at the first use. Raises StorageUnavailable."""
    url = settings().storage_url
    return _open(url.get_secret_value() if url else None, _own_folder())


def has_storage() -> bool:
    """False while nothing can have been stored here yet."""
    return settings().storage_url is not None or _own_folder().exists()


def _own_folder() -> Path:
    return settings().data_path / "pods"


@lru_cache(maxsize=2)
def _open(url: str | None, folder: Path) -> ObjectStorage:
    with _reaching():
        import fsspec  # brings asyncio machinery along that only rented runs need

        if url is None:
            return ObjectStorage(fsspec.filesystem("file", auto_mkdir=True), str(folder))
        if not url.startswith("s3://"):
            system, root = fsspec.core.url_to_fs(url)
            if _is_local(system):
                system = fsspec.filesystem("file", auto_mkdir=True)
            return ObjectStorage(system, root)
        parts = urlsplit(url)
        return ObjectStorage(_s3(url), f"{parts.hostname}{parts.path}")


def _s3(url: str) -> Any:
    import fsspec

    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    endpoint = query.get("endpoint_url")
    style = {"s3": {"addressing_style": "path"}} if endpoint else {}
    return fsspec.filesystem(
        "s3",
        key=unquote(parts.username) if parts.username else None,
        secret=unquote(parts.password) if parts.password else None,
        endpoint_url=endpoint,
        client_kwargs={"region_name": query["region"]} if "region" in query else {},
        config_kwargs={
            "signature_version": "s3v4",
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
            **_TIMES,
            **style,
        },
        use_listings_cache=False,
        skip_instance_cache=True,
    )


def _protocols(system: Any) -> tuple[str, ...]:
    names = system.protocol
    return (names,) if isinstance(names, str) else tuple(names)


def _is_local(system: Any) -> bool:
    return "file" in _protocols(system)


@contextmanager
def _reaching() -> Iterator[None]:
    """Whatever a file system or its network raises becomes StorageUnavailable; but what is not
    there is not there.
    """
    try:
        yield
    except (FileNotFoundError, StorageUnavailable, GeneratorExit):
        raise
    except Exception as error:
        raise StorageUnavailable(
            f"The storage of rented runs cannot be used: {type(error).__name__}: {error!s:.300}"
        ) from error
