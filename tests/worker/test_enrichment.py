"""Enrichment: what becomes of a new file, and of one that is not what it was."""

from threading import Event

import pytest
from sqlalchemy import update

from lib import storage
from lib.db import files
from lib.db.connection import reading, transaction
from lib.db.tables import training_files
from lib.domain.dataset import DatasetSummary
from lib.services.training_files import CHANGED, MISSING, check_unchanged
from lib.worker import enrichment

GO_ON = Event()


@pytest.fixture
def new_file(training_file):
    """A file as the import leaves it, and a way to read it again."""
    row = training_file(conversations=5)
    storage.sequences_file(row.storage_key).unlink()
    with transaction() as connection:
        connection.execute(
            update(training_files).values(enrichment_status="processing", summary={})
        )
    return row


def read(row):
    with reading() as connection:
        return files.by_id(connection, row.id)


def test_a_new_file_gets_its_summary_sequences_and_tokens(new_file):
    assert enrichment.tick(GO_ON) is True
    file = read(new_file)
    assert (file.enrichment_status, file.enrichment_error) == ("completed", None)
    assert DatasetSummary.from_dict(file.summary).sha256 == file.content_hash
    assert file.tokens["sequences"] == 5
    folder = storage.sequences_file(file.storage_key).parent
    assert {path.name for path in folder.iterdir()} == {"original", "sequences.jsonl"}
    assert file.sequences_sha256 == enrichment.content_hash(folder / "sequences.jsonl")
    assert check_unchanged(file) is None
    assert enrichment.tick(GO_ON) is False


def test_a_file_that_is_gone_from_storage_fails(new_file):
    storage.original_file(new_file.storage_key).unlink()
    enrichment.tick(GO_ON)
    file = read(new_file)
    assert (file.enrichment_status, file.enrichment_error) == ("failed", MISSING)


def test_a_file_that_has_changed_in_storage_fails_and_is_not_used(new_file):
    with storage.original_file(new_file.storage_key).open("ab") as stored:
        stored.write(b" ")
    enrichment.tick(GO_ON)
    file = read(new_file)
    assert (file.enrichment_status, file.enrichment_error) == ("failed", CHANGED)
    assert not storage.sequences_file(file.storage_key).exists()


def test_a_file_that_cannot_be_read_as_training_data_fails_with_the_reason(new_file):
    original = storage.original_file(new_file.storage_key)
    original.write_text('{"conversations": "none"}')
    with transaction() as connection:
        changed = enrichment.content_hash(original)
        connection.execute(update(training_files).values(content_hash=changed))
    enrichment.tick(GO_ON)
    file = read(new_file)
    assert file.enrichment_status == "failed"
    assert new_file.name in file.enrichment_error


def test_without_a_trainer_a_file_is_enriched_all_the_same_and_says_what_is_missing(
    new_file, configure
):
    configure(TRAINER_PYTHON="/nowhere/python")
    enrichment.tick(GO_ON)
    file = read(new_file)
    assert (file.enrichment_status, file.tokens) == ("completed", None)
    assert "TRAINER_PYTHON" in file.enrichment_error


def test_a_worker_that_has_to_stop_gives_the_file_back(new_file):
    stop = Event()
    stop.set()
    enrichment.tick(stop)
    file = read(new_file)
    assert (file.enrichment_status, file.lease_token) == ("processing", None)
    enrichment.tick(GO_ON)
    assert read(new_file).enrichment_status == "completed"


def test_trouble_that_is_not_the_files_is_tried_again_later(new_file, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(enrichment, "import_pass", full)
    assert enrichment.tick(GO_ON) is True
    assert read(new_file).enrichment_status == "processing"
    assert enrichment.tick(GO_ON) is False
