"""What goes between a pod and its desk: the data in, checkpoints back and forth, the adapter out.

docs/pods.md is the wire. Nothing is believed without its hash.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from trainer import checkpoints
from trainer.checkpoints import Checkpoint
from trainer.pod.archive import Archive, Unusable, unpack
from trainer.pod.web import Answer, Refused, Unanswered, send

MOST_BYTES = 64 * 1024**3  # of one checkpoint or adapter
FOR_GOOD = frozenset({403, 410, 413, 422})  # how the desk says no
WITHDRAWN = 410  # the attempt has ended
ADDRESS_EXPIRED = frozenset({403, 404, 410})  # of an address to download from, for good
_NAME = re.compile(r"checkpoint-(\d{1,9})\.tar")


class WrongHash(Unanswered):
    """What came is not what it should be; sent again it may be."""


def fetch_data(url: str, into: Path, sha256: str | None, most_seconds: "Deadline") -> None:
    """Fetches the sequences, unless the right ones are there already.

    Raises Refused where the address has expired or was withdrawn, WrongHash, Unanswered.
    """
    if sha256 is not None and into.is_file() and _sha256(into) == sha256:
        return
    into.parent.mkdir(parents=True, exist_ok=True)
    draft = into.with_name(f".{into.name}.tmp")
    with send("GET", url) as answer:
        if answer.status in ADDRESS_EXPIRED:
            raise Refused(answer.status)
        _must_be_good(answer)
        found, _ = _download(answer, draft, MOST_BYTES, most_seconds)
    if sha256 is not None and found != sha256:
        raise WrongHash("the data has another hash than was ordered")
    draft.replace(into)


def stored_checkpoints(results_url: str, pod_id: str | None = None) -> list[Mapping[str, Any]]:
    """The desk's list, newest first as it comes; entries of a form unknown here are left out.

    The desk is told which pod asks: it may not know yet that it has one.
    """
    headers = {} if pod_id is None else {"Pod-Id": pod_id}
    with send("GET", results_url, headers=headers) as answer:
        _raise_refusal(answer)
        results = answer.json().get("results")
    if not isinstance(results, list):
        raise Unanswered("the list of results has another form than expected")
    return [entry for entry in results if isinstance(entry, dict) and _is_checkpoint(entry)]


def restore(entry: Mapping[str, Any], run_dir: Path, most_seconds: "Deadline") -> Checkpoint:
    """Fetches one stored checkpoint and puts it among the run's own.

    Raises Unusable where its content or its seal is wrong, Unanswered, Refused, and OSError where
    the disk is full.
    """
    incoming = run_dir / ".incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(parents=True)
    try:
        archive = incoming / "checkpoint.tar"
        with send("GET", entry["url"]) as answer:
            if answer.status in ADDRESS_EXPIRED:
                raise Refused(answer.status)
            _must_be_good(answer)
            found, size = _download(answer, archive, entry["bytes"], most_seconds)
        if (found, size) != (entry["sha256"], entry["bytes"]):
            raise Unusable("another hash or size than the desk's")
        unpack(archive, f"step-{entry['step']}", incoming)
        archive.unlink()
        checkpoint, _ = checkpoints.newest(incoming)
        if checkpoint is None or checkpoint.step != entry["step"]:
            raise Unusable("its seal does not match its files")
        return _adopt(checkpoint, run_dir / "checkpoints")
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def store(results_url: str, name: str, archive: Archive, step: int | None = None) -> None:
    """Hands an archive over; returns once the desk has acknowledged that very content.

    Raises Refused, Unanswered, Abandoned.
    """
    facts: dict[str, Any] = {"name": name, "bytes": archive.size, "sha256": archive.sha256}
    if step is not None:
        facts["step"] = step
    order = _post(results_url, facts)
    if order.get("stored") is True:
        return
    headers = order.get("headers") or {}
    if not isinstance(order.get("url"), str) or not isinstance(headers, dict):
        raise Unanswered("the desk names no address to upload to")
    headers = {str(key).lower(): str(value) for key, value in headers.items()}
    headers["content-length"] = str(archive.size)
    with send("PUT", order["url"], archive.chunks(), headers) as answer:
        _must_be_good(answer)
    if _post(results_url, {**facts, "done": True}).get("stored") is not True:
        raise Unanswered("the desk has not acknowledged what was uploaded")


class Deadline:
    """A moment on a clock that only counts forward."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at = clock() + seconds

    def left(self) -> float:
        return max(0.0, self._at - self._clock())


def to_json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values).encode()


def _post(url: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    with send("POST", url, to_json(facts), {"Content-Type": "application/json"}) as answer:
        _raise_refusal(answer)
        return answer.json()


def _raise_refusal(answer: Answer) -> None:
    if answer.status in FOR_GOOD:
        raise Refused(answer.status)
    _must_be_good(answer)


def _must_be_good(answer: Answer) -> None:
    if not answer.is_good:
        raise Unanswered(f"HTTP {answer.status}")


def _is_checkpoint(entry: Mapping[str, Any]) -> bool:
    name = _NAME.fullmatch(str(entry.get("name")))
    size = entry.get("bytes")
    return (
        name is not None
        and entry.get("step") == int(name[1])
        and type(size) is int
        and 0 < size <= MOST_BYTES
        and isinstance(entry.get("sha256"), str)
        and isinstance(entry.get("url"), str)
    )


def _download(
    answer: Answer, into: Path, most_bytes: int, most_seconds: Deadline
) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with into.open("wb") as file:
        for chunk in answer.chunks():
            size += len(chunk)
            if size > most_bytes:
                raise Unusable("larger than the desk says")
            if not most_seconds.left():
                raise Unanswered("it took too long")
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest(), size


def _adopt(checkpoint: Checkpoint, folder: Path) -> Checkpoint:
    checkpoints.sync_tree(checkpoint.folder)
    target = folder / checkpoint.folder.name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)  # a torn one of the same step
    checkpoint.folder.replace(target)
    checkpoints.sync(folder)
    return Checkpoint(checkpoint.step, target, checkpoint.identity)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
