"""Backups for real: an installation is saved, wiped, restored, and is the same again."""

import json
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from lib import storage
from lib.db import connection as db
from lib.db import system_status as queries
from lib.domain.states import JobStatus
from lib.services import audit, backups, file_care, jobs, system_status
from lib.services.errors import Refusal
from tests.conftest import Server
from tests.pages.conftest import move

Make = Callable[..., Any]


@pytest.fixture
def data(installation: str, configure: Make, tmp_path: Path) -> Path:
    """An installation with a data folder and a database of its own."""
    configure(DATA_DIR=tmp_path / "data")
    return tmp_path


def rows() -> dict[str, int]:
    with db.reading() as connection:
        return queries.row_counts(connection)


def wipe(database: Server, address: str) -> None:
    """What losing the machine does: the database is empty, the data folder is gone."""
    name = address.rpartition("/")[2].partition("?")[0]
    db.dispose()
    database.execute(f"DROP DATABASE {name} WITH (FORCE)")
    database.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    shutil.rmtree(storage.files_folder().parent)


def test_an_installation_comes_back_as_it_was(
    database: Server, installation: str, data: Path, person: Make, started_one: Make
) -> None:
    owner = person(role="owner", name="Ada")
    job_id, file = started_one(owner)
    adapter = storage.adapter_archive(job_id)
    adapter.parent.mkdir(parents=True)
    adapter.write_bytes(b"adapter")
    (adapter.parent / "trainer-1.log").write_text("output")
    before, head = rows(), audit.head(owner)
    assert before["budget_audit_log"] > 0 and before["job_events"] > 0

    made = backups.make(data / "safe")
    assert made.rows == before
    assert (made.folder.stat().st_mode & 0o777) == 0o700
    wipe(database, installation)
    restored = backups.restore(made.folder)

    assert restored.rows == rows() == before
    assert audit.head(owner) == head
    assert audit.verify(owner).intact
    assert jobs.view(owner, job_id).job.status == JobStatus.RUNNING
    assert file_care.verify(owner, file.id) is None
    assert adapter.read_bytes() == b"adapter"
    assert not (adapter.parent / "trainer-1.log").exists()
    with db.transaction() as connection, pytest.raises(Exception, match="append"):
        connection.execute(text("DELETE FROM budget_audit_log"))


@pytest.fixture
def started_one(local_draft: Make, training_file: Make) -> Make:
    from lib.services import starting
    from lib.services.assessment import assess

    def make(actor: Any) -> tuple[Any, Any]:
        file = training_file(actor=actor)
        opened = local_draft(actor, file=file)
        starting.start(actor, opened.job_id, assess(opened).digest)
        move(opened.job_id, JobStatus.PROVISIONING, JobStatus.STARTING, JobStatus.RUNNING)
        return opened.job_id, file

    return make


def test_the_status_tells_of_the_last_backup(data: Path) -> None:
    assert system_status.facts().backup is None
    made = backups.make(data / "safe")
    known = system_status.facts().backup
    assert known is not None and known.error is None
    assert (known.folder, known.size_bytes) == (str(made.folder), made.size_bytes)

    (data / "in-the-way").write_text("")
    with pytest.raises(Refusal, match="was not made"):
        backups.make(data / "in-the-way")
    failed = system_status.facts().backup
    assert failed is not None and failed.error and "in-the-way" in failed.error
    assert failed.made_at == known.made_at


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file of this process, or of those it starts, can grow beyond a few kilobytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_backup_that_fails_leaves_nothing_behind(data: Path, small_disk: None) -> None:
    with pytest.raises(Refusal, match="pg_dump ended"):
        backups.make(data / "safe")
    assert list((data / "safe").iterdir()) == []


def test_what_is_not_empty_is_not_overwritten(data: Path, person: Make) -> None:
    made = backups.make(data / "safe")
    with pytest.raises(Refusal, match="database is not empty"):
        backups.restore(made.folder)
    (storage.files_folder() / "one").mkdir(parents=True)
    with pytest.raises(Refusal, match="Restore into a new DATA_DIR"):
        backups.restore(made.folder)


@pytest.mark.parametrize("name", ["database.dump", "files.tar", "manifest.json"])
def test_a_damaged_backup_is_not_restored(
    database: Server, installation: str, data: Path, name: str
) -> None:
    storage.files_folder().mkdir(parents=True)
    made = backups.make(data / "safe")
    wipe(database, installation)
    damaged = made.folder / name
    damaged.write_bytes(damaged.read_bytes()[:-3])
    with pytest.raises(Refusal, match=r"damaged|not a whole backup"):
        backups.restore(made.folder)
    assert rows() == {}


def test_a_backup_of_a_newer_version_is_not_restored(
    database: Server, installation: str, data: Path
) -> None:
    storage.files_folder().mkdir(parents=True)
    made = backups.make(data / "safe")
    wipe(database, installation)
    manifest = json.loads((made.folder / "manifest.json").read_text())
    (made.folder / "manifest.json").write_text(json.dumps(manifest | {"revision": "9999"}))
    with pytest.raises(Refusal, match="newer version"):
        backups.restore(made.folder)


def test_what_the_dump_saw_is_what_was_counted(data: Path, person: Make) -> None:
    """A row that is written while the dump is made is in neither."""
    with db.reading() as connection:
        counted = queries.row_counts(connection)["users"]
        person()
        assert queries.row_counts(connection)["users"] == counted
    assert rows()["users"] == counted + 1
