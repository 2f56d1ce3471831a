"""import, quote, launch and jobs: the services of the pages, as the owner."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest
from pypdf import PdfReader

from lib.domain.job_search import JobQuery
from lib.services import drafts, job_search, jobs, training_files

Make = Callable[..., Any]


@pytest.fixture
def owner(installation: str, person: Make) -> Any:
    return person(role="owner")


@pytest.fixture
def known_file(owner: Any, training_file: Make, tmp_path: Path) -> Path:
    """A file that has been imported and read in full."""
    row = training_file(actor=owner)
    return tmp_path / row.name


def test_import_stores_a_file_once(owner: Any, program: Make, cli: Make, chat_file: Make) -> None:
    path = chat_file(60, about="imports")
    first = program("import", path, "--json")
    assert first.code == 0, first.err
    assert (first.data["new"], first.data["conversations"]) == (True, 60)
    again = cli("import", path)
    assert "earlier: the same content is here already" in again.out
    assert [str(row.id) for row in training_files.listing()] == [first.data["id"]]


@pytest.mark.parametrize("command", ["import", "launch"])
def test_a_file_that_cannot_be_used_is_refused_and_leaves_nothing(
    owner: Any, cli: Make, tmp_path: Path, command: str
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"conversations": "none"}')
    assert cli(command, bad).refused().startswith("bad.json: ")
    assert cli(command, tmp_path / "missing.json").refused().startswith(str(tmp_path))
    assert training_files.listing() == []
    assert job_search.search(owner, JobQuery()).rows == []


def test_quote_writes_a_numbered_pdf_and_keeps_the_draft(
    known_file: Path, owner: Any, program: Make, cli: Make, tmp_path: Path
) -> None:
    out = tmp_path / "quote.pdf"
    options = ("--client", "Acmé 株式会社", "--project", "Q4", "--name", "Client run")
    preset = ("--preset", "balanced", "--tier", "on_demand")
    run = program("quote", known_file, *preset, *options, "--out", out, "--json")
    assert run.code == 0, run.err
    priced = cli("estimate", known_file, *preset, "--json").data
    assert run.data["total"] == priced["total"]
    text = PdfReader(out).pages[0].extract_text()
    for wanted in (run.data["number"], "Acmé", "Client run", f"${priced['total']:,.2f}"):
        assert wanted in text
    job = jobs.view(owner, run.data["job_id"]).job
    assert job.status == "pending_configuration"
    assert [path.name for path in tmp_path.glob(".quote*")] == []


@pytest.mark.parametrize("out", ["nowhere/quote.pdf", "", "/proc/quote.pdf"])
def test_where_nothing_can_be_written_no_quote_is_issued(
    known_file: Path, owner: Any, cli: Make, tmp_path: Path, out: str
) -> None:
    run = cli("quote", known_file, "--out", tmp_path / out)
    assert "cannot be written" in run.refused() or "is a folder" in run.refused()
    assert job_search.search(owner, JobQuery()).rows == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--name", "ab"], "Job name must be between 3 and 100 characters"),
        (["--client", "x" * 101], "Client must be at most 100 characters"),
        (["--project", "Q4"], "--project: name the --client it belongs to"),
        (["--max-steps", "0"], "argument --max-steps: '0' is not a whole number"),
        (["--name", "a\udcffb"], "argument --name: is not UTF-8 text"),
    ],
)
def test_details_that_no_job_can_have_are_refused_first(
    owner: Any, cli: Make, chat_file: Make, options: list[str], said: str
) -> None:
    assert cli("launch", chat_file(60), *options).refused().startswith(said)
    assert training_files.listing() == []


def test_a_launch_that_may_not_start_leaves_no_draft(
    known_file: Path, owner: Any, program: Make
) -> None:
    run = program("launch", known_file, "--wait")
    assert (run.code, run.out) == (2, "")
    assert run.err.splitlines()[-1].startswith("error: RunPod is not connected")
    assert job_search.search(owner, JobQuery()).rows == []


def test_jobs_are_listed_searched_and_shown(
    owner: Any, program: Make, cli: Make, draft: Make
) -> None:
    one = draft(owner, name="Red \x1b[31m run")
    other = draft(owner, name="Blue run", notes="for the spring campaign")
    listed = program("jobs", "list", "--json")
    assert [job["id"] for job in listed.data] == [str(other.job_id), str(one.job_id)]
    assert "Red \\x1b[31m run" in cli("jobs", "list").out
    found = cli("jobs", "search", "spring", "--json").data
    assert [job["name"] for job in found] == ["Blue run"]
    assert cli("jobs", "search", "autumn").out == "No jobs.\n"
    shown = cli("jobs", "show", other.job_id, "--json").data
    assert (shown["status"], shown["notes"]) == (
        "pending_configuration",
        "for the spring campaign",
    )
    assert shown["draft"]["name"] == "Blue run"
    assert "for the spring campaign" in cli("jobs", "show", other.job_id).out


@pytest.mark.parametrize("job_id", [str(uuid4()), "1", "", "' OR 1=1 --", "\x1b[31m"])
def test_an_unknown_job_is_told_so(owner: Any, cli: Make, job_id: str) -> None:
    assert cli("jobs", "show", job_id).refused().startswith("There is no such job")


def test_without_a_database_a_command_says_so(
    cli: Make, installation: str, configure: Make
) -> None:
    configure(DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert cli("jobs", "list").refused().startswith("The database cannot be reached right now")


def test_a_launch_trains_for_real_and_shows_the_way(
    owner: Any, program: Make, chat_file: Make
) -> None:
    path = chat_file(50, name="launch.jsonl", about="launches")
    options = ("--preset", "conservative", "--engine", "local", "--max-steps", "3", "--wait")
    run = program("launch", path, *options, "--json")
    assert run.code == 0, run.err
    job = run.data
    assert (job["status"], job["progress"]["step"]) == ("completed", 3)
    assert [metric["step"] for metric in job["metrics"]] == [1, 2, 3]
    assert (job["gpu_pricing_tier"], job["actual_cost"]) == ("local", 0)
    with ZipFile(io.BytesIO(Path(job["adapter_path"]).read_bytes())) as adapter:
        assert any(name.endswith(".safetensors") for name in adapter.namelist())
    for line in ("Imported launch.jsonl: 50 conversations", "Step 3 of 3, loss"):
        assert line in run.err
    assert "Traceback" not in run.err
    shown = program("jobs", "show", job["id"])
    assert job["adapter_path"] in shown.out


def test_a_launch_that_is_not_waited_for_leaves_a_started_job(
    owner: Any, program: Make, known_file: Path, local_draft: Make, configure: Make
) -> None:
    configure(WORKER="off")  # nobody trains: neither here nor in the command
    file = training_files.get(training_files.listing()[0].id)
    drafts.discard(owner, local_draft(owner, file=file).job_id)  # its measurement stays
    run = program("launch", known_file, "--preset", "conservative", "--engine", "local", "--json")
    assert run.code == 0, run.err
    assert (run.data["status"], run.data["jobs_ahead"]) == ("queued", 0)
    assert run.data["estimate"]["tier"] == "local"


def test_a_quote_of_the_usual_alternatives_is_written(
    known_file: Path, owner: Any, cli: Make, tmp_path: Path
) -> None:
    out = tmp_path / "several.pdf"
    run = cli("quote", known_file, "--preset", "balanced", "--alternatives", "--out", out, "--json")
    assert run.code == 0, run.err
    assert (run.data["kind"], run.data["total"]) == ("comparison", None)
    assert [one["title"] for one in run.data["alternatives"]] == [
        "Conservative, on H100 PCIe 80GB, spot",
        "Balanced, on H100 PCIe 80GB, spot",
        "Balanced, on H100 PCIe 80GB, on demand",
        "Aggressive, on H100 PCIe 80GB, spot",
    ]
    text = "".join(page.extract_text() for page in PdfReader(out).pages)
    assert all(f"${one['total']:,.2f}" in text for one in run.data["alternatives"])
