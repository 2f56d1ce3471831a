"""Training files: imported whole or not at all, once, and used only when they can be."""

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from lib import storage
from lib.datafiles.sample import write_sample
from lib.db.connection import transaction
from lib.db.tables import activity_log, training_files
from lib.domain.dataset import DatasetError
from lib.services import drafts
from lib.services import training_files as service
from lib.services.errors import NotEligible, NotFound

Make = Callable[..., Any]


@pytest.fixture
def sample(tmp_path: Path) -> Callable[..., Path]:
    """A generated file that is not imported; each of a seed of its own."""

    def make(conversations: int = 60, seed: int = 0) -> Path:
        path = tmp_path / f"sample-{conversations}-{seed}.json"
        write_sample(path, conversations=conversations, seed=os.getpid() + seed)
        return path

    return make


def folders() -> set[str]:
    folder = storage.files_folder()
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def rows() -> set[Any]:
    with transaction() as connection:
        return set(connection.scalars(select(training_files.c.id)))


def change(row: Any, **values: Any) -> None:
    with transaction() as connection:
        connection.execute(
            training_files.update().where(training_files.c.id == row.id).values(**values)
        )


def last_activity(actor: Any) -> Any:
    with transaction() as connection:
        return connection.execute(
            select(activity_log)
            .where(activity_log.c.actor_id == actor.id)
            .order_by(activity_log.c.id.desc())
            .limit(1)
        ).one()


def test_a_file_is_stored_byte_for_byte_with_its_figures(
    installation: str, person: Make, sample: Make
) -> None:
    source = sample(seed=1)
    row, new = service.import_training_file(person(), source, "C:\\fakepath\\workshop.json")
    assert new
    assert row.name == "workshop.json"
    assert row.conversation_count == 60
    assert row.training_pairs == service.inspect(source).dataset_size
    assert row.enrichment_status == "processing"
    assert storage.original_file(row.storage_key).read_bytes() == source.read_bytes()


def test_the_same_content_twice_is_one_file(person: Make, sample: Make) -> None:
    source = sample(seed=2)
    first, _ = service.import_training_file(person(), source, "one.json")
    before = folders()
    with source.open("rb") as stream:
        second, new = service.import_training_file(person(), stream, "two.json")
    assert not new
    assert second.id == first.id
    assert folders() == before


def test_the_same_content_from_eight_at_once_is_one_file(person: Make) -> None:
    actor, before = person(), rows()
    for number in range(5):
        barrier = Barrier(8)
        line = f'{{"messages": [{{"role": "assistant", "content": "{number}, raced"}}]}}\n'

        def store(_: int, barrier: Barrier = barrier, line: str = line) -> bool:
            barrier.wait()
            stream = io.BytesIO(line.encode())
            return service.import_training_file(actor, stream, "raced.jsonl")[1]

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(store, range(8))) == 1
    assert len(rows() - before) == 5


@pytest.mark.parametrize(
    "content", [b"", b"not json", b'{"conversations": []}', b"[1]", b'{"a": NaN}', b"PK\x03\x04"]
)
def test_a_bad_file_leaves_nothing_but_a_line_in_the_log(person: Make, content: bytes) -> None:
    actor, disk, known = person(), folders(), rows()
    with pytest.raises(DatasetError, match=r"^bad\.json: "):
        service.import_training_file(actor, io.BytesIO(content), "bad.json")
    assert folders() == disk
    assert rows() == known
    logged = last_activity(actor)
    assert (logged.action, logged.succeeded, logged.subject) == ("file_imported", False, "bad.json")


def test_a_file_over_the_limit_leaves_nothing(person: Make, configure: Make) -> None:
    configure(MAX_TRAINING_FILE_MB="1")
    disk = folders()
    with pytest.raises(DatasetError) as refused:
        service.import_training_file(person(), io.BytesIO(b" " * 1_100_000), "big.json")
    assert refused.value.code == "too_large"
    assert folders() == disk


class FullDisk(io.BytesIO):
    """Fails in the middle, as a copy on a full disk or from a broken upload does."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 2_000_000:
            raise OSError(28, "No space left on device")
        return super().read(size)


def test_a_copy_that_breaks_off_leaves_nothing(person: Make) -> None:
    disk, known = folders(), rows()
    with pytest.raises(OSError, match="No space"):
        service.import_training_file(person(), FullDisk(b" " * 5_000_000), "half.json")
    assert folders() == disk
    assert rows() == known


def test_a_pipe_is_refused_instead_of_waited_for(person: Make, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(DatasetError, match="is not a file"):
        service.import_training_file(person(), tmp_path / "pipe.json", "pipe.json")


def refusal(actor: Any, row: Any) -> str:
    with pytest.raises(NotEligible) as refused:
        drafts.create(actor, row.id)
    return str(refused.value)


def test_a_job_needs_a_file_that_has_been_read_in_full(person: Make, sample: Make) -> None:
    actor = person()
    row, _ = service.import_training_file(actor, sample(seed=4), "new.json")
    assert refusal(actor, row) == "Training file not enriched"
    change(row, enrichment_status="failed", enrichment_error="Storage file changed")
    assert refusal(actor, row) == "Storage file changed"


def test_a_job_needs_fifty_conversations(person: Make, training_file: Make) -> None:
    assert "Insufficient conversations: 49" in refusal(person(), training_file(conversations=49))
    assert service.why_not(training_file(conversations=50)) is None


def test_a_job_needs_the_stored_file(person: Make, training_file: Make) -> None:
    row = training_file()
    storage.original_file(row.storage_key).unlink()
    assert refusal(person(), row).startswith("Storage file missing: import the same file again")


def test_a_file_has_one_active_job_at_a_time(
    person: Make, training_file: Make, local_draft: Make, start: Make
) -> None:
    actor, row = person(), training_file()
    drafts.create(actor, row.id)  # a draft is no active job
    start(actor, local_draft(actor, file=row))
    assert "An active training job uses this file" in refusal(actor, row)


def test_an_archived_or_unknown_file_is_not_found(person: Make, training_file: Make) -> None:
    actor, row = person(), training_file()
    change(row, status="archived")
    assert refusal(actor, row).startswith("Training file not found: it is archived")
    assert row.id not in {listed.id for listed in service.listing()}
    with pytest.raises(NotFound, match="Training file not found"):
        drafts.create(actor, actor.id)
    logged = last_activity(actor)
    assert (logged.action, logged.succeeded) == ("job_created", False)


def test_the_import_folder_offers_training_files_by_name(tmp_path: Path, configure: Make) -> None:
    configure(IMPORT_DIR=tmp_path)
    for name in ("b.JSON", "a.jsonl", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder.json").mkdir()
    assert [path.name for path in service.import_folder_files()] == ["a.jsonl", "b.JSON"]
    configure(IMPORT_DIR=tmp_path / "missing")
    assert service.import_folder_files() == []


def test_a_sample_is_there_to_try_once_and_comes_back_only_with_its_folder(
    tmp_path: Path, configure: Callable[..., None]
) -> None:
    configure(IMPORT_DIR=tmp_path / "import")
    service.provide_sample()
    [sample] = service.import_folder_files()
    assert service.inspect(sample).conversations >= 50
    sample.unlink()
    service.provide_sample()
    assert service.import_folder_files() == []
