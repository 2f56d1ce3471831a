"""jobs export and jobs import: out of one installation and into another without a browser."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from lib.services import drafts

Make = Callable[..., Any]


@pytest.fixture
def owner(installation: str, person: Make) -> Any:
    return person(role="owner", name="Ada", email="ada@example.com")


@pytest.fixture
def two_jobs(owner: Any, person: Make, draft: Make) -> list[str]:
    """The owner's and Bob's."""
    bob = person(name="Bob", email="bob@example.com")
    mine = draft(owner, name="Zebra", tags=["poc"], notes="=1+1 \u202e \x1b[2J")
    return [str(mine.job_id), str(draft(bob, name="Elephant").job_id)]


def test_csv_goes_to_standard_output_as_it_is(two_jobs: list[str], program: Make) -> None:
    run = program("jobs", "export", "--format", "csv")
    assert (run.code, run.err) == (0, "")
    lines = list(csv.DictReader(StringIO(run.out.removeprefix("\ufeff"), newline="")))
    assert {line["id"] for line in lines} == set(two_jobs)
    assert run.out.startswith("\ufeff")


def test_json_goes_into_a_file_that_appears_whole(
    two_jobs: list[str], cli: Make, tmp_path: Path
) -> None:
    target = tmp_path / "jobs.json"
    run = cli("jobs", "export", "--format", "json", "--out", target)
    assert (run.code, run.out) == (0, f"2 jobs in {target}\n")
    assert {job["id"] for job in json.loads(target.read_text("utf-8"))["jobs"]} == set(two_jobs)
    data = cli("jobs", "export", two_jobs[0], "--format", "json", "--out", target, "--json").data
    assert data == {"path": str(target), "jobs": 1}
    assert list(tmp_path.glob(".*")) == []  # no draft of it is left


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--text", "zebra"], {"Zebra"}),
        (["--tag", "poc"], {"Zebra"}),
        (["--creator", "bob@example.com"], {"Elephant"}),
        (["--status", "pending_configuration", "--status", "failed"], {"Zebra", "Elephant"}),
        (["--status", "completed"], set()),
        (["--since", "2020-01-01", "--until", "2020-12-31"], set()),
        (["--since", "2020-01-01", "--preset", "conservative"], {"Zebra", "Elephant"}),
        (["--archived"], set()),
    ],
)
def test_filters(
    two_jobs: list[str], cli: Make, tmp_path: Path, options: list[str], names: set[str]
) -> None:
    target = tmp_path / "jobs.json"
    assert cli("jobs", "export", "--format", "json", "--out", target, *options).code == 0
    assert {job["name"] for job in json.loads(target.read_text("utf-8"))["jobs"]} == names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["x"], "ID: 'x' is not an id"),
        (["0" * 32, "--tag", "poc"], "ID: name jobs or filter them, not both"),
        (["--tag", "Not a tag"], "--tag: 'Not a tag' cannot be looked for"),
        (["--since", "yesterday"], "--since: 'yesterday' cannot be looked for"),
        (["--least", "much"], "--least: 'much' cannot be looked for"),
        (["--creator", "nobody@example.com"], "Nobody here has the address nobody@example.com."),
    ],
)
def test_what_cannot_be_looked_for_is_named(
    owner: Any, cli: Make, tmp_path: Path, options: list[str], message: str
) -> None:
    target = tmp_path / "jobs.csv"
    run = cli("jobs", "export", "--format", "csv", "--out", target, *options)
    assert run.refused() == message
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_tried_without_and_then_imported(
    owner: Any, two_jobs: list[str], cli: Make, tmp_path: Path
) -> None:
    target = tmp_path / "jobs.json"
    cli("jobs", "export", two_jobs[0], "--format", "json", "--out", target)
    tried = cli("jobs", "import", target, "--dry-run")
    assert tried.code == 0
    assert tried.out.splitlines()[1].split()[:3] == ["1", "ready", "Zebra"]
    assert "you have a job of this name already" in tried.out
    done = cli("jobs", "import", target, "--json")
    assert done.code == 0
    (report,) = done.data["jobs"]
    made = drafts.load(owner, report["job_id"])
    assert (made.draft.name, made.draft.tags) == ("Zebra", ("poc",))
    assert made.draft.notes == "=1+1 \u202e \x1b[2J"


def test_what_cannot_be_made_is_listed_and_told_by_the_exit_code(
    owner: Any, cli: Make, tmp_path: Path
) -> None:
    target = tmp_path / "jobs.json"
    job = {"name": "Run \x1b[2J", "file": {"name": "gone.json"}, "configuration": {"preset": "x"}}
    target.write_text(json.dumps({"schema": 1, "jobs": [job]}))
    run = cli("jobs", "import", target)
    assert run.code == 1
    assert "configuration.preset: 'x' is not one of" in run.out
    assert "\x1b" not in run.out
    target.write_text("[]")
    assert cli("jobs", "import", target).refused().startswith("This is no export of jobs")
    assert (
        cli("jobs", "import", tmp_path / "none.json")
        .refused()
        .endswith("No such file or directory")
    )
