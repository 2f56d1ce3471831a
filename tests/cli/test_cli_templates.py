"""templates, jobs clone and clients: the same services without a browser."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from lib.services import drafts, jobs, templates

Make = Callable[..., Any]


@pytest.fixture
def owner(installation: str, person: Make) -> Any:
    return person(role="owner")


def test_a_draft_is_started_from_a_template(
    cli: Make, owner: Any, draft: Make, training_file: Make
) -> None:
    assert cli("templates", "list").out == "No templates.\n"
    opened = draft(owner, preset="balanced", overrides={"r": 24})
    template_id = templates.save(owner, opened.job_id, name="Proven", description="For letters")
    file = training_file(actor=owner)
    made = cli("templates", "start", template_id, file.id, "--json").data
    assert (made["file"], made["preset"]) == (file.name, "balanced")
    begun = drafts.load(owner, made["id"]).draft
    assert (dict(begun.overrides), begun.template_id) == ({"r": 24}, str(template_id))
    (listed,) = cli("templates", "list", "--json").data
    assert (listed["name"], listed["uses"], listed["preset"]) == ("Proven", 1, "balanced")
    assert "Proven" in cli("templates", "list").out
    assert cli("templates", "list", "--archived", "--json").data == []


def test_a_job_is_cloned(cli: Make, owner: Any, draft: Make, training_file: Make) -> None:
    opened = draft(owner, name="Client run")
    assert cli("jobs", "clone", opened.job_id, "--json").data["name"] == "Client run (2)"
    other = training_file(actor=owner)
    made = cli("jobs", "clone", opened.job_id, "--file", other.id, "--json").data
    assert (made["name"], made["file"]) == ("Client run (3)", other.name)
    assert jobs.status_of(owner, made["id"]).training_file_id == other.id


def test_clients_are_listed_with_their_projects(cli: Make, owner: Any, draft: Make) -> None:
    assert cli("clients", "list").out == "No clients.\n"
    draft(owner, client="Acme", project="Q4")
    (listed,) = cli("clients", "list", "--json").data
    assert (listed["name"], listed["jobs"], listed["projects"][0]["name"]) == ("Acme", 0, "Q4")
    assert "  Q4" in cli("clients", "list").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("templates", "start", "x", str(uuid4())), "ID: 'x' is not an id"),
        (("templates", "start", str(uuid4()), "x"), "FILE_ID: 'x' is not an id"),
        (("templates", "start", str(uuid4()), str(uuid4())), "There is no such template"),
        (("jobs", "clone", str(uuid4())), "There is no such job"),
    ],
)
def test_what_is_not_there_is_refused(
    cli: Make, owner: Any, arguments: tuple[str, ...], said: str
) -> None:
    assert cli(*arguments).refused().startswith(said)
