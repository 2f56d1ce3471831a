"""files: stored training files listed, renamed, archived, restored, checked and deleted."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from lib import storage
from lib.services import drafts

Make = Callable[..., Any]


@pytest.fixture
def owner(installation: str, person: Make) -> Any:
    return person(role="owner")


@pytest.fixture
def file(owner: Any, training_file: Make) -> Any:
    return training_file(actor=owner)


def test_a_file_is_renamed_archived_restored_and_deleted(cli: Make, file: Any) -> None:
    renamed = cli("files", "rename", file.id, "../Spring.json", "--json").data
    assert (renamed["id"], renamed["name"], renamed["status"]) == (
        str(file.id),
        "Spring.json",
        "active",
    )
    assert cli("files", "archive", file.id, "--json").data["status"] == "archived"
    assert cli("files", "list", "--json").data == []
    listed = cli("files", "list", "--archived", "--json").data
    assert [entry["id"] for entry in listed] == [str(file.id)]
    assert cli("files", "restore", file.id, "--json").data["status"] == "active"
    assert "Spring.json" in cli("files", "list").out
    assert cli("files", "delete", file.id, "--json").data == {"id": str(file.id), "deleted": True}
    assert cli("files", "list").out == "No training files.\n"


def test_verify_tells_by_its_exit_code_whether_a_file_is_intact(cli: Make, file: Any) -> None:
    intact = cli("files", "verify", file.id, "--json")
    assert (intact.code, intact.data["intact"], intact.data["problem"]) == (0, True, None)
    storage.original_file(file.storage_key).unlink()
    missing = cli("files", "verify", file.id, "--json")
    assert (missing.code, missing.data["intact"]) == (1, False)
    assert missing.data["problem"].startswith("Storage file missing: import the same file again")


@pytest.mark.parametrize("action", ["archive", "restore", "delete", "verify"])
@pytest.mark.parametrize("wrong", ["nonsense", str(uuid4()), "\x1b[31m"])
def test_an_unknown_file_is_told_on_one_line(
    owner: Any, cli: Make, action: str, wrong: str
) -> None:
    assert cli("files", action, wrong).refused() == "Training file not found"


def test_a_used_file_and_an_empty_name_are_refused(cli: Make, owner: Any, file: Any) -> None:
    drafts.create(owner, file.id)
    assert cli("files", "delete", file.id).refused().startswith("1 job, drafts included, uses it")
    assert cli("files", "rename", file.id, " ").refused().startswith("Name: write")
