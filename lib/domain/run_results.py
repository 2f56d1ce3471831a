"""What a rented run brings home: checkpoints and the adapter, each a tar file with its hash."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

ADAPTER = "adapter.tar"
KEPT_CHECKPOINTS = 2
_CHECKPOINT = re.compile(r"checkpoint-(0|[1-9][0-9]{0,8})\.tar", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Result:
    """One file: its name, bytes and SHA-256 in hex; `step` is that of a checkpoint."""

    name: str
    size: int
    sha256: str
    step: int | None = None

    @classmethod
    def from_dict(cls, given: Any) -> "Result":
        """What a pod says that it has (docs/pods.md). Raises ValueError naming the bad field."""
        if not isinstance(given, Mapping):
            raise ValueError("body: must be a JSON object")
        name, size, sha256 = given.get("name"), given.get("bytes"), given.get("sha256")
        if not is_name(name):
            raise ValueError(f"name: must be {ADAPTER} or checkpoint-STEP.tar")
        if not _is_whole(size) or size < 1:
            raise ValueError("bytes: must be a whole number above 0")
        if not is_sha256(sha256):
            raise ValueError("sha256: must be 64 hexadecimal digits in lower case")
        step = step_of(name)
        said = given.get("step")
        if said is not None and (not _is_whole(said) or step not in (None, said)):
            raise ValueError("step: must be a whole number, and that of the name")
        return cls(name, size, sha256, step)

    @property
    def key(self) -> str:
        """Its file's name in the storage: what has another content is another file."""
        return f"{self.sha256}.{self.name}"


def is_name(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and (value == ADAPTER or _CHECKPOINT.fullmatch(value) is not None)


def is_sha256(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def step_of(name: str) -> int | None:
    """The step of a checkpoint's name; None for the adapter."""
    found = _CHECKPOINT.fullmatch(name)
    return int(found[1]) if found else None


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
