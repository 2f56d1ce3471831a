"""What can go wrong, in words for the person who has to do something about it."""

import errno
from enum import StrEnum


class Code(StrEnum):
    """Why a run failed; the app decides by it whether trying again can help."""

    BAD_CONFIG = "bad_config"
    BAD_DATA = "bad_data"
    SEQUENCE_TOO_LONG = "sequence_too_long"
    DATA_CHANGED = "data_changed"
    MODEL_NOT_FOUND = "model_not_found"
    OUT_OF_MEMORY = "out_of_memory"
    DISK_FULL = "disk_full"
    ERROR = "error"
    # Said by a pod about its trainer (docs/pods.md)
    TRAINER_ENDED = "trainer_ended"
    STUCK = "stuck"
    RESULTS_NOT_STORED = "results_not_stored"


INPUT_CODES = frozenset(
    {
        Code.BAD_CONFIG,
        Code.BAD_DATA,
        Code.SEQUENCE_TOO_LONG,
        Code.DATA_CHANGED,
        Code.MODEL_NOT_FOUND,
    }
)

DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DISK_FULL_TEXTS = (
    *(f"os error {number}" for number in DISK_FULL_ERRNOS),
    "No space left on device",
    "PytorchStreamWriter failed",
)
OUT_OF_MEMORY_TEXTS = ("out of memory", "can't allocate memory", "Cannot allocate memory")


class TrainerError(Exception):
    """An expected failure.

    Attributes:
        code: one of `Code`.
        message: what happened and what to do next, for somebody who is not an engineer.
        detail: the short technical reason.
    """

    def __init__(self, code: Code, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail


def explain(error: BaseException) -> TrainerError:
    """The `TrainerError` that stands for any exception raised while training.

    The libraries below report a full disk and exhausted memory in several ways (errno, text from
    Rust, text from C++), so the text is read where the type does not tell.
    """
    if isinstance(error, TrainerError):
        return error
    detail = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    number = getattr(error, "errno", None)
    if number in DISK_FULL_ERRNOS or any(text in detail for text in DISK_FULL_TEXTS):
        return TrainerError(
            Code.DISK_FULL,
            "The disk is full, so the training could not be saved. Free some space and start "
            "again: it carries on from its last complete checkpoint.",
            detail,
        )
    memory = isinstance(error, MemoryError) or number == errno.ENOMEM
    if memory or any(text in detail for text in OUT_OF_MEMORY_TEXTS):
        return TrainerError(
            Code.OUT_OF_MEMORY,
            "The machine ran out of memory. Choose a lower rank, shorter conversations or a "
            "machine with more memory, and start again.",
            detail,
        )
    return TrainerError(
        Code.ERROR,
        "The training stopped on an unexpected error. Start it again; if it fails once more, "
        "hand the technical detail to an engineer.",
        detail,
    )
