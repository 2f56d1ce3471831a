"""Where files lie below the data folder. Keys in the database are relative to these folders."""

from pathlib import Path
from uuid import UUID

from lib.settings import settings


def files_folder() -> Path:
    """Imported training files: `<file id>/original` and `<file id>/sequences.jsonl`."""
    return settings().data_path / "files"


def original_file(storage_key: str) -> Path:
    return files_folder() / storage_key / "original"


def sequences_file(storage_key: str) -> Path:
    """The neutral form that the trainer reads; written by the worker when it enriches the file."""
    return files_folder() / storage_key / "sequences.jsonl"


def deletion_mark(storage_key: str) -> Path:
    """Lies in the folder of a file whose deletion was decided; see `training_files.sweep`."""
    return files_folder() / storage_key / "deleted"


def runs_folder() -> Path:
    """One folder a job: the trainer's configuration, events, checkpoints and adapter."""
    return settings().data_path / "runs"


def run_folder(job_id: UUID) -> Path:
    return runs_folder() / str(job_id)


def adapter_archive(job_id: UUID) -> Path:
    """The finished adapter as one ZIP file for download."""
    return run_folder(job_id) / "adapter.zip"


def measurement_folder(config_key: str) -> Path:
    return settings().data_path / "measurements" / config_key


def model_cache() -> Path:
    """Base models that were built here."""
    return settings().data_path / "models"
