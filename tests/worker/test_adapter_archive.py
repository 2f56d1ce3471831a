"""The adapter as a ZIP file."""

import os
import zipfile
from uuid import uuid4

import pytest

from lib import storage
from lib.worker.archive import archive_adapter


@pytest.fixture
def job_id():
    job_id = uuid4()
    folder = storage.run_folder(job_id) / "adapter"
    (folder / "base_model").mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    (folder / "base_model" / "config.json").write_text("{}")
    return job_id


def test_files_lie_at_the_root_and_folders_are_kept(job_id):
    archive_adapter(job_id)
    with zipfile.ZipFile(storage.adapter_archive(job_id)) as packed:
        assert packed.namelist() == ["adapter_model.safetensors", "base_model/config.json"]
        assert packed.read("adapter_model.safetensors") == b"weights"


def test_the_same_adapter_makes_the_same_bytes_at_any_time(job_id):
    first = archive_adapter(job_id)
    for path in (storage.run_folder(job_id) / "adapter").rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert archive_adapter(job_id) == first


def test_a_run_without_an_adapter_leaves_no_archive():
    job_id = uuid4()
    with pytest.raises(FileNotFoundError):
        archive_adapter(job_id)
    assert not storage.adapter_archive(job_id).exists()


def test_a_failure_in_the_middle_leaves_the_last_archive_as_it_was(job_id, monkeypatch):
    archive_adapter(job_id)
    before = storage.adapter_archive(job_id).read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lib.worker.archive.shutil.copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        archive_adapter(job_id)
    assert storage.adapter_archive(job_id).read_bytes() == before
    assert list(storage.run_folder(job_id).glob(".adapter*")) == []
