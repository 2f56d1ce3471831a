"""One pass over a training file: its summary, and the sequences that the trainer takes."""

from pathlib import Path

from lib.datafiles.reader import TrainingFile, open_training_file
from lib.datafiles.sequences import SequenceStats, SequenceWriter, replacing
from lib.datafiles.source import Progress, content_hash
from lib.domain.conversations import DEFAULT_LIMITS, DatasetError, Limits
from lib.domain.dataset import DatasetSummary
from lib.domain.dataset_tally import Tally


def import_pass(
    path: Path,
    sequences: Path,
    *,
    name: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> tuple[DatasetSummary, SequenceStats]:
    """Summarises the file at `path` and writes its sequences to `sequences`, whole or not at all.

    `name` is shown in errors and kept in the summary; `progress` is called about once a megabyte
    with the bytes read and the bytes in all. Raises DatasetError.
    """
    with (
        open_training_file(path, name=name, limits=limits, progress=progress) as file,
        replacing(sequences) as writer,
    ):
        summary = _read(path, file, writer)
    return summary, writer.stats()


def summarise(
    path: Path,
    name: str | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> DatasetSummary:
    """The figures of a training file (see `import_pass`)."""
    with open_training_file(path, name=name, limits=limits, progress=progress) as file:
        return _read(path, file, None)


def write_sequences(
    path: Path, target: Path, *, name: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> SequenceStats:
    """Writes a training file's sequences to `target` (see `import_pass`)."""
    return import_pass(path, target, name=name, limits=limits)[1]


def _read(path: Path, file: TrainingFile, writer: SequenceWriter | None) -> DatasetSummary:
    tally = Tally()
    for conversation in file:
        tally.add(conversation)
        if writer:
            writer.add(conversation)
    if not tally.trainable:
        message = "none of its training pairs has a target response, so there is nothing to train."
        raise DatasetError("nothing_to_train", message, "", file.name)
    return tally.summary(
        name=file.name,
        format=file.format,
        size_bytes=path.stat().st_size,
        sha256=content_hash(path),
        header=file.header,
    )
