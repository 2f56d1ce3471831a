"""Stored files: who may change them, what a job that uses one forbids, and what races come to."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lib import storage
from lib.db import files
from lib.db.connection import transaction
from lib.db.tables import activity_log, training_files, training_jobs
from lib.domain.draft import change
from lib.domain.offers import LOCAL_KEY
from lib.services import drafts, file_care
from lib.services import training_files as service
from lib.services.errors import NotAllowed, NotEligible, NotFound, Refusal, StartRefused

Make = Callable[..., Any]
ACTIONS = (
    lambda actor, row: file_care.rename(actor, row.id, "new name.json"),
    lambda actor, row: file_care.archive(actor, row.id),
    lambda actor, row: file_care.restore(actor, row.id),
    lambda actor, row: file_care.delete(actor, row.id),
)


@pytest.fixture
def mine(person: Make, training_file: Make) -> tuple[Any, Any]:
    """A person, and a file that they have imported."""
    actor = person()
    return actor, training_file(actor=actor)


def folder_of(row: Any) -> Path:
    return storage.original_file(row.storage_key).parent


def log_of(row: Any) -> list[tuple[str, bool]]:
    with transaction() as connection:
        found = connection.execute(
            select(activity_log.c.action, activity_log.c.succeeded)
            .where(activity_log.c.subject == str(row.id))
            .order_by(activity_log.c.id)
        )
        return [tuple(entry) for entry in found if entry.action != "file_imported"]


def test_the_importer_renames_archives_restores_and_deletes(mine: tuple[Any, Any]) -> None:
    actor, row = mine
    assert file_care.rename(actor, row.id, "  Spring  campaign.json ").name == (
        "Spring  campaign.json"
    )
    assert service.get(row.id).updated_at > row.updated_at
    file_care.archive(actor, row.id)
    assert row.id not in {listed.id for listed in service.listing()}
    assert row.id in {listed.id for listed in service.listing(archived=True)}
    file_care.restore(actor, row.id)
    assert row.id in {listed.id for listed in service.listing()}
    file_care.delete(actor, row.id)
    with pytest.raises(NotFound, match="Training file not found"):
        service.get(row.id)
    assert not folder_of(row).exists()
    assert log_of(row) == [
        ("file_renamed", True),
        ("file_archived", True),
        ("file_restored", True),
        ("file_deleted", True),
    ]


@pytest.mark.parametrize("act", ACTIONS)
def test_another_analyst_may_not_and_a_manager_may(
    person: Make, training_file: Make, act: Make
) -> None:
    row = training_file()
    with pytest.raises(NotAllowed, match="imported"):
        act(person(), row)
    assert service.get(row.id) == row
    assert [succeeded for _, succeeded in log_of(row)] == [False]
    act(person(role="manager"), row)
    assert [succeeded for _, succeeded in log_of(row)] == [False, True]


@pytest.mark.parametrize("act", ACTIONS)
def test_an_unknown_file_is_not_found(mine: tuple[Any, Any], act: Make) -> None:
    actor, row = mine
    file_care.delete(actor, row.id)
    with pytest.raises(NotFound, match="Training file not found"):
        act(actor, row)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\eve\\data.json", "data.json"),
        ("\u202egnp.json\x00\r\n", "gnp.json"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("'; DROP TABLE training_files; --", "'; DROP TABLE training_files; --"),
        ("Ελένη 東京 דנה 🚲.json", "Ελένη 東京 דנה 🚲.json"),
        ("é" * 300, "é" * 200),
        ("..", "unnamed file"),
        ("\u200b\u200b", "unnamed file"),
    ],
)
def test_a_new_name_is_made_safe_and_moves_no_folder(
    mine: tuple[Any, Any], typed: str, kept: str
) -> None:
    actor, row = mine
    assert file_care.rename(actor, row.id, typed).name == kept
    assert service.get(row.id).storage_key == row.storage_key
    assert service.check_unchanged(row) is None


@pytest.mark.parametrize("typed", ["", "   ", "\t\n"])
def test_an_empty_name_is_refused(mine: tuple[Any, Any], typed: str) -> None:
    actor, row = mine
    with pytest.raises(Refusal, match=r"^Name: "):
        file_care.rename(actor, row.id, typed)
    assert service.get(row.id).name == row.name
    assert log_of(row) == [("file_renamed", False)]


def test_a_file_in_an_active_job_stays_in_the_list(
    mine: tuple[Any, Any], local_draft: Make, start: Make
) -> None:
    actor, row = mine
    start(actor, local_draft(actor, file=row))
    with pytest.raises(Refusal, match="An active training job uses this file"):
        file_care.archive(actor, row.id)
    assert service.get(row.id).status == "active"
    assert log_of(row) == [("file_archived", False)]


def test_a_file_that_only_drafts_use_is_archived_and_they_cannot_go_on(
    mine: tuple[Any, Any], draft: Make
) -> None:
    actor, row = mine
    draft(actor, file=row)
    file_care.archive(actor, row.id)
    assert "archived" in (service.why_not(service.get(row.id)) or "")
    with pytest.raises(NotEligible, match="Training file not found"):
        drafts.create(actor, row.id)


def test_a_used_file_is_not_deleted_and_the_jobs_are_named(
    person: Make, mine: tuple[Any, Any], draft: Make
) -> None:
    actor, row = mine
    draft(actor, file=row, name="Spring rehearsal")
    draft(person(), file=row, name="Somebody's secret")
    with pytest.raises(Refusal) as refused:
        file_care.delete(actor, row.id)
    assert str(refused.value).startswith("2 jobs, drafts included, use it: Spring rehearsal, 1 of")
    assert "secret" not in str(refused.value)
    with pytest.raises(Refusal, match="Somebody's secret, Spring rehearsal"):
        file_care.delete(person(role="admin"), row.id)
    assert folder_of(row).exists()
    assert service.check_unchanged(row) is None


def test_a_discarded_draft_is_a_use_too(mine: tuple[Any, Any], draft: Make) -> None:
    actor, row = mine
    drafts.discard(actor, draft(actor, file=row).job_id)
    with pytest.raises(Refusal, match=r"^1 job, drafts included, uses it"):
        file_care.delete(actor, row.id)


def test_a_folder_that_a_crash_left_behind_goes_with_the_next_deletion(
    person: Make, training_file: Make
) -> None:
    actor = person()
    crashed, other, kept = (training_file(50, actor=actor) for _ in range(3))
    with transaction() as connection:  # what a deletion had done when the power went
        files.remove(connection, crashed.id)
        storage.deletion_mark(crashed.storage_key).touch()
    importing = storage.files_folder() / "an-import-under-way"
    importing.mkdir()

    file_care.delete(actor, other.id)

    assert not folder_of(crashed).exists()
    assert service.check_unchanged(kept) is None
    assert importing.exists()
    importing.rmdir()


def test_a_deletion_that_was_rolled_back_loses_nothing(mine: tuple[Any, Any]) -> None:
    actor, row = mine
    storage.deletion_mark(row.storage_key).touch()  # and then the transaction never committed
    file_care.sweep()
    assert service.check_unchanged(row) is None
    file_care.delete(actor, row.id)
    assert not folder_of(row).exists()


def test_deleting_while_drafts_are_made_leaves_no_job_without_its_file(
    person: Make, training_file: Make
) -> None:
    actor = person()
    outcomes = set()
    for _ in range(6):
        row = training_file(50, actor=actor)
        barrier = Barrier(4)

        def race(number: int, row: Any = row, barrier: Barrier = barrier) -> str:
            barrier.wait()
            try:
                if number == 0:
                    file_care.delete(actor, row.id)
                    return "deleted"
                drafts.create(actor, row.id)
                return "created"
            except Refusal as refusal:
                return type(refusal).__name__

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(race, range(4)))
        outcomes.update(results)
        with transaction() as connection:
            uses = select(training_jobs.c.id).where(training_jobs.c.training_file_id == row.id)
            made = len(list(connection.scalars(uses)))
            there = connection.scalar(
                select(training_files.c.id).where(training_files.c.id == row.id)
            )
        assert results.count("created") == made
        if results[0] == "deleted":
            assert (made, there) == (0, None)
            assert not folder_of(row).exists()
        else:
            assert made > 0
            assert service.check_unchanged(row) is None
    assert outcomes <= {"deleted", "created", "Refusal", "NotFound"}


def test_a_draft_waits_for_a_deletion_under_way_and_then_finds_no_file(
    mine: tuple[Any, Any],
) -> None:
    actor, row = mine
    with ThreadPoolExecutor(1) as pool:
        with transaction() as connection:
            assert files.lock(connection, row.id) is not None
            creation = pool.submit(drafts.create, actor, row.id)
            with pytest.raises(TimeoutError):
                creation.result(0.3)
            files.remove(connection, row.id)
        with pytest.raises(NotFound, match="Training file not found"):
            creation.result(10)


def test_the_database_itself_keeps_a_used_file(mine: tuple[Any, Any], draft: Make) -> None:
    actor, row = mine
    draft(actor, file=row)
    with pytest.raises(IntegrityError), transaction() as connection:
        files.remove(connection, row.id)  # without looking for jobs first


def test_content_that_was_imported_again_keeps_the_archived_copy_out(
    person: Make, mine: tuple[Any, Any]
) -> None:
    actor, row = mine
    file_care.archive(actor, row.id)
    again, new = service.import_training_file(
        actor, storage.original_file(row.storage_key), "again.json"
    )
    assert new
    with pytest.raises(Refusal, match=r"in the list already, as again\.json"):
        file_care.restore(actor, row.id)
    file_care.archive(actor, again.id)
    assert file_care.restore(actor, row.id).status == "active"


def damage(path: Path) -> Callable[[], object]:
    """Another byte in the middle, with size and time as they were."""

    def change() -> None:
        status, content = path.stat(), bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    return change


@pytest.fixture
def damaged(mine: tuple[Any, Any]) -> Callable[[str], object]:
    """`damaged("original changed")` does that to the stored file."""
    _, row = mine
    original, sequences = (
        storage.original_file(row.storage_key),
        storage.sequences_file(row.storage_key),
    )
    happenings = {
        "original changed": damage(original),
        "original missing": original.unlink,
        "sequences changed": damage(sequences),
        "sequences missing": sequences.unlink,
    }

    return lambda what: happenings[what]()


HAPPENINGS = [
    ("original changed", "Storage file changed", "failed"),
    ("original missing", "Storage file missing", "failed"),
    ("sequences changed", "Storage file changed", "processing"),
    ("sequences missing", "Storage file missing", "processing"),
]


@pytest.mark.parametrize(("what", "said", "status"), HAPPENINGS)
def test_damage_is_found_told_and_keeps_jobs_from_being_made(
    mine: tuple[Any, Any], damaged: Make, what: str, said: str, status: str
) -> None:
    actor, row = mine
    assert file_care.verify(actor, row.id) is None
    assert service.get(row.id) == row
    damaged(what)
    with pytest.raises(NotEligible, match=f"^{said}: import the same file again"):
        drafts.create(actor, row.id)
    assert file_care.verify(actor, row.id).startswith(said)
    after = service.get(row.id)
    assert after.enrichment_status == status
    assert [entry for entry in log_of(row) if entry[0] == "file_checked"] == [
        ("file_checked", True),
        ("file_checked", False),
    ]


@pytest.mark.parametrize(("what", "said", "_status"), HAPPENINGS)
def test_importing_the_same_file_again_puts_it_back(
    mine: tuple[Any, Any],
    damaged: Make,
    tmp_path: Path,
    what: str,
    said: str,
    _status: str,
) -> None:
    actor, row = mine
    source = tmp_path / "source.json"
    source.write_bytes(storage.original_file(row.storage_key).read_bytes())
    damaged(what)
    again, new = service.import_training_file(actor, source, "another name.json")
    assert (new, again.id, again.name) == (False, row.id, row.name)
    assert again.enrichment_status == "processing"  # the worker writes the sequences anew
    assert storage.original_file(row.storage_key).read_bytes() == source.read_bytes()
    assert ("file_put_back", True) in log_of(row)


def test_a_failed_file_that_is_intact_again_is_read_again(mine: tuple[Any, Any]) -> None:
    actor, row = mine
    original = storage.original_file(row.storage_key)
    kept = original.rename(original.with_name("aside"))
    file_care.verify(actor, row.id)
    kept.rename(original)
    assert file_care.verify(actor, row.id) is None
    assert service.get(row.id).enrichment_status == "processing"


def test_a_draft_whose_file_was_changed_since_is_not_started(
    mine: tuple[Any, Any], damaged: Make, local_draft: Make, start: Make
) -> None:
    actor, row = mine
    opened = local_draft(actor, file=row)
    damaged("sequences changed")
    with pytest.raises(StartRefused, match="Storage file changed: import the same file again"):
        start(actor, opened)


def test_of_two_drafts_on_one_file_that_start_at_once_one_does(
    mine: tuple[Any, Any], local_draft: Make, start: Make
) -> None:
    actor, row = mine
    first = local_draft(actor, file=row)
    second = drafts.load(actor, drafts.create(actor, row.id))
    second = drafts.save(actor, second, change(second.draft, drafts.today(), offer_key=LOCAL_KEY))
    barrier = Barrier(2)

    def press(opened: Any) -> bool:
        barrier.wait()
        try:
            start(actor, opened)
        except StartRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(press, (first, second))) == 1
