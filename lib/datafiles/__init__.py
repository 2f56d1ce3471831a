"""Training files: read as a stream, summarised, and turned into what the trainer takes."""

from lib.datafiles.importing import import_pass, summarise, write_sequences
from lib.datafiles.reader import TrainingFile, open_training_file
from lib.datafiles.sequences import SequenceStats
from lib.datafiles.source import content_hash

__all__ = [
    "SequenceStats",
    "TrainingFile",
    "content_hash",
    "import_pass",
    "open_training_file",
    "summarise",
    "write_sequences",
]
