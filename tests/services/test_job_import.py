"""Jobs of an export as drafts: what is taken over, what is told, and files that are no good."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from lib import storage
from lib.datafiles.sample import write_sample
from lib.db import connection as db
from lib.db.connection import transaction
from lib.db.tables import (
    activity_log,
    clients,
    job_tags,
    projects,
    training_files,
    training_jobs,
)
from lib.domain.draft import change
from lib.domain.offers import SPOT_KEY
from lib.domain.people import Person
from lib.services import drafts, job_export, job_import
from lib.services.errors import Refusal
from lib.services.training_files import import_training_file
from lib.settings import settings as app_settings
from tests.conftest import Server, enrich, make_person

Make = Callable[..., Any]


def exported(actor: Person, *jobs: UUID) -> dict[str, Any]:
    return json.loads(b"".join(job_export.stream_json(actor, jobs)))


def taken_in(actor: Person, content: Any, act: Any = job_import.import_jobs) -> Any:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return act(actor, BytesIO(data))


def job(of: Any, /, **values: Any) -> dict[str, Any]:
    """The least that a job of an export has to have."""
    return {
        "name": "Run of elsewhere",
        "file": {"name": of.name, "content_hash": of.content_hash},
        "configuration": {"preset": "balanced"},
        "offer": {"key": SPOT_KEY},
        **values,
    }


def export_of(*jobs: Any) -> dict[str, Any]:
    return {"schema": 1, "exported_at": "2026-11-24T12:00:00+00:00", "jobs": list(jobs)}


def counts() -> dict[str, int]:
    """How many rows there are of all that an import may write."""
    tables = (training_jobs, clients, projects, job_tags, activity_log)
    with transaction() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def test_a_job_comes_back_as_a_draft_of_whoever_imports_it(person: Make, draft: Make) -> None:
    ana, ben = person(), person()
    opened = draft(
        ana,
        preset="conservative",
        overrides={"r": 12, "learning_rate": "0.00015"},
        name="First run",
        description="Why",
        notes="**How**\n- list",
        tags=["a-new-tag", "poc"],
        client="Acme of import",
        max_steps=12,
    )
    (report,) = taken_in(ben, exported(ana, opened.job_id))
    assert (report.problems, report.notices, report.usable) == ((), (), True)
    assert (report.number, report.name, report.file) == (1, "First run", opened.file.name)
    assert report.job_id != opened.job_id
    made = drafts.load(ben, report.job_id)
    assert made.owner_id == ben.id
    assert made.draft.metadata == opened.draft.metadata
    assert made.draft.hyperparameters == opened.draft.hyperparameters
    assert made.draft.overrides == opened.draft.overrides
    assert (made.draft.max_steps, made.draft.offer_key) == (12, opened.draft.offer_key)
    assert made.draft.name_edited
    (again,) = exported(ben, report.job_id)["jobs"]
    assert (again["tags"], again["client"]) == (["a-new-tag", "poc"], "Acme of import")


def test_nothing_of_the_run_itself_is_taken_over(
    person: Make, past_job: Make, training_file: Make
) -> None:
    ana = person()
    job_id = past_job(ana, file=training_file(actor=ana), tier="on_demand", recoveries=2)
    (report,) = taken_in(ana, exported(ana, job_id))
    (again,) = exported(ana, report.job_id)["jobs"]
    assert again["status"] == "pending_configuration"
    assert again["offer"]["tier"] == "on_demand"
    assert (again["actual"]["cost"], again["actual"]["recoveries"]) == ("0.00", 0)
    assert again["estimate"]["total"] is None
    assert again["times"]["queued_at"] is None
    assert again["offer"]["hourly_rate"] is None


def test_a_preview_says_the_same_and_changes_nothing(person: Make, draft: Make) -> None:
    ana = person()
    opened = draft(ana, tags=["tag-of-a-preview"], client="Client of a preview")
    content = exported(ana, opened.job_id)
    content["jobs"][0] |= {"tags": ["another-new-one"], "client": "Another client"}
    before = counts()
    (seen,) = taken_in(ana, content, job_import.preview)
    assert counts() == before
    (made,) = taken_in(ana, content)
    assert seen.job_id is None
    assert (seen.name, seen.file, seen.problems, seen.notices) == (
        made.name,
        made.file,
        made.problems,
        made.notices,
    )
    after = counts()
    new = {name: after[name] - before[name] for name in before}
    assert new == {
        "training_jobs": 1,
        "clients": 1,
        "projects": 0,
        "job_tags": 1,
        "activity_log": 1,
    }


def test_the_file_is_found_by_its_content_then_by_its_name(
    person: Make, training_file: Make
) -> None:
    ana = person()
    file = training_file(actor=ana)
    renamed = job(file, file={"name": "called otherwise", "content_hash": file.content_hash})
    changed = job(file, file={"name": file.name, "content_hash": "0" * 64})
    without = job(file, file={"name": file.name})
    by_content, by_name, unhashed = taken_in(ana, export_of(renamed, changed, without))
    assert (by_content.file, by_content.notices) == (file.name, ())
    assert f"“{file.name}” has the same name here, but other content" in by_name.notices[0]
    assert unhashed.usable
    for report in (by_content, by_name, unhashed):
        assert drafts.load(ana, report.job_id).file.id == file.id


def test_a_missing_file_is_named_and_the_other_jobs_are_made(
    person: Make, training_file: Make
) -> None:
    ana = person()
    file = training_file(actor=ana)
    missing = job(file, file={"name": "gone.json", "content_hash": "ab" * 32})
    lost, made = taken_in(ana, export_of(missing, job(file)))
    assert lost.problems == (
        f"file: import “gone.json” (SHA-256 {'ab' * 32}) first; it is not here",
    )
    assert (lost.job_id, lost.number, made.number) == (None, 1, 2)
    assert made.job_id is not None


def test_a_file_that_no_job_can_be_made_from_is_told_in_the_usual_words(
    person: Make, training_file: Make
) -> None:
    ana = person()
    small, changed = training_file(conversations=3, actor=ana), training_file(actor=ana)
    storage.original_file(changed.storage_key).write_bytes(b"something else")
    with transaction() as connection:
        connection.execute(
            update(training_files)
            .where(training_files.c.id == small.id)
            .values(enrichment_status="processing")
        )
    few, spoilt, archived = taken_in(
        ana, export_of(job(small), job(changed), job(changed, file={"name": "x"}))
    )
    assert few.problems[0].startswith("file: ")
    assert "chang" in spoilt.problems[0]
    assert archived.problems == ("file: import “x” first; it is not here",)


def test_what_is_different_here_is_told(person: Make, training_file: Make) -> None:
    ana = person()
    file = training_file(actor=ana)
    unknown = job(file, offer={"key": "elsewhere/gpu/spot"})
    without = job(file, name="Another", offer={})
    other = job(file, name="A third")
    other["configuration"] = {
        "preset": "balanced",
        "hyperparameters": {"r": 64, "learning_rate": "0.0002", "lora_dropout": [], "new": 1},
    }
    moved, unset, preset = taken_in(ana, export_of(unknown, without, other))
    title = "H100 PCIe 80GB, spot is taken"
    assert moved.notices == (f"offer: “elsewhere/gpu/spot” is not offered here, {title}",)
    assert unset.notices == (f"offer: none was chosen, {title}",)
    assert drafts.load(ana, moved.job_id).draft.offer_key == SPOT_KEY
    assert preset.notices == (
        "r: 64 when it was exported, 16 by the preset here",
        "lora_dropout:  when it was exported, 0.1 by the preset here",
    )


def test_a_second_import_of_the_same_jobs_is_noticed(person: Make, training_file: Make) -> None:
    ana = person()
    content = export_of(job(training_file(actor=ana)))
    assert taken_in(ana, content)[0].notices == ()
    again = ("name: you have a job of this name already",)
    assert taken_in(ana, content, job_import.preview)[0].notices == again


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "name: Job name must be between 3 and 100 characters"),
    ({"name": "x" * 100_000}, "name: Job name must be between 3 and 100 characters"),
    ({"name": 12}, "name: must be text, not a number"),
    ({"description": "x" * 501}, "description: Description must be at most 500 characters"),
    ({"notes": ["x"]}, "notes: must be text, not a list"),
    ({"notes": "x" * 2001}, "notes: Notes must be at most 2000 characters"),
    ({"tags": "poc"}, "tags: must be a list of texts"),
    ({"tags": ["poc", 3]}, "tags: must be a list of texts"),
    ({"tags": [f"tag-{n}" for n in range(11)]}, "tags: Maximum 10 tags allowed"),
    (
        {"tags": ["Not OK"]},
        "tags: Not OK: Tag names may have lowercase letters, digits and hyphens only",
    ),
    ({"project": "Q4"}, "project: Project must belong to a client: choose the client too"),
    ({"client": "x" * 101}, "client: Client must be at most 100 characters"),
    ({"file": None}, "file: its name or its hash must be there"),
    ({"file": {"name": "x" * 201}}, "file.name: must be at most 200 characters"),
    ({"file": {"content_hash": "xyz"}}, "file.content_hash: must be 64 hexadecimal digits"),
    (
        {"configuration": {}},
        "configuration.preset: '' is not one of conservative, balanced, aggressive",
    ),
    (
        {"configuration": {"preset": "balanced", "overrides": {"r": 10**400}}},
        "configuration.overrides.r: must be a whole number from 1 to 256",
    ),
    (
        {"configuration": {"preset": "balanced", "overrides": {"q": 1}}},
        "configuration.overrides.'q': there is no such hyperparameter",
    ),
    (
        {"configuration": {"preset": "balanced", "overrides": [1]}},
        "configuration.overrides: must be an object, not a list",
    ),
    (
        {"configuration": {"preset": "balanced", "max_steps": True}},
        "configuration.max_steps: must be a whole number from 1 to 1,000,000",
    ),
    ({"offer": {"key": {}}}, "offer.key: must be text, not an object"),
    ({"offer": {"key": "x" * 201}}, "offer.key: must be at most 200 characters"),
]


@pytest.mark.parametrize(("wrong", "problem"), WRONG, ids=[one[1][:40] for one in WRONG])
def test_a_field_that_is_no_good_is_named(
    person: Make, training_file: Make, wrong: dict[str, Any], problem: str
) -> None:
    ana = person()
    before = counts()["training_jobs"]
    (report,) = taken_in(ana, export_of(job(training_file(actor=ana), **wrong)))
    assert (report.problems, report.job_id) == ((problem,), None)
    assert counts()["training_jobs"] == before


def test_all_that_is_wrong_with_a_job_is_told_at_once(person: Make) -> None:
    element = {"name": "x", "tags": 1, "file": {"name": 2}, "configuration": {"preset": []}}
    (report,) = taken_in(person(), export_of(element))
    assert [problem.partition(":")[0] for problem in report.problems] == [
        *("tags", "name", "configuration.preset", "file.name"),
    ]


@pytest.mark.parametrize("element", [None, 1, "text", [], True])
def test_an_element_that_is_no_job_is_told(person: Make, element: Any) -> None:
    (report,) = taken_in(person(), export_of(element))
    assert report.problems[0].startswith("must be an object, not ")


MANY_JOBS = b'{"schema": 1, "jobs": [' + b",".join([b"{}"] * 1_001) + b"]}"
REFUSED = {
    "nothing": (b"", "cut off"),
    "no JSON": (b"hello", "not valid JSON|no export"),
    "a list": (b"[]", "no export of jobs"),
    "no jobs": (b'{"schema": 1}', "no export of jobs"),
    "no schema": (b'{"jobs": []}', "no export of jobs"),
    "another schema": (b'{"schema": 2, "jobs": []}', "schema: 2 is not known here"),
    "a schema of another type": (b'{"schema": true, "jobs": []}', "schema: True is not known"),
    "jobs that are none": (b'{"schema": 1, "jobs": {}}', "jobs: has to be an array"),
    "cut off": (b'{"schema": 1, "jobs": [{"name": "x"}', "cut off"),
    "text behind": (b'{"schema": 1, "jobs": []} x', "after the end"),
    "a key twice": (b'{"schema": 1, "jobs": [{"name": "a", "name": "b"}]}', "name.*twice"),
    "jobs twice": (b'{"schema": 1, "jobs": [], "jobs": []}', "twice"),
    "NaN": (b'{"schema": 1, "jobs": [{"name": NaN}]}', r"jobs\[0\]\.name.*not a usable number"),
    "a huge number": (b'{"schema": 1, "jobs": [' + b"9" * 5000 + b"]}", "not a usable number"),
    "an infinite number": (b'{"schema": 1, "jobs": [1e999]}', "not a usable number"),
    "NUL": (b'{"schema": 1, "jobs": [{"name": "a\\u0000b"}]}', r"jobs\[0\]\.name.*NUL"),
    "half a character": (b'{"schema": 1, "jobs": ["\\ud800"]}', "half of a character"),
    "no UTF-8": (b'{"schema": 1, "jobs": ["\xff"]}', "not UTF-8"),
    "deep": (b'{"schema": 1, "jobs": [' + b"[" * 100_000, "deep"),
    "too many jobs": (MANY_JOBS, "more than 1,000 jobs"),
    "too large": (b'{"schema": 1, "jobs": [' + b" " * 10 * 1024 * 1024 + b"]}", "10 MB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_export_is_refused_and_nothing_changes(person: Make, name: str) -> None:
    content, message = REFUSED[name]
    ana = person()
    before = counts()
    for act in (job_import.preview, job_import.import_jobs):
        with pytest.raises(Refusal, match=message):
            taken_in(ana, content, act)
    assert counts() == before


def test_jobs_may_come_before_the_schema(person: Make, training_file: Make) -> None:
    ana = person()
    content = export_of(job(training_file(actor=ana)))
    (report,) = taken_in(ana, dict(reversed(content.items())))
    assert report.usable


def test_a_database_that_goes_away_is_a_problem_of_the_jobs_from_there_on(
    person: Make, training_file: Make, monkeypatch: Any
) -> None:
    """The connection of the second job's transaction is cut by the server."""
    ana = person()
    file = training_file(actor=ana)
    named = [job(file, name=f"Job {number}") for number in (1, 2, 3)]
    with transaction() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.name = "
                "'Job 2' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; "
                "END $$"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER cut BEFORE INSERT ON training_jobs FOR EACH ROW "
                "EXECUTE FUNCTION cut()"
            )
        )
    try:
        reports = taken_in(ana, export_of(*named))
    finally:
        with transaction() as connection:
            connection.execute(text("DROP FUNCTION cut() CASCADE"))
    assert [report.usable for report in reports] == [True, False, False]
    assert [report.name for report in reports] == ["Job 1", "Job 2", "Job 3"]
    assert "cannot be reached" in reports[2].problems[0]


#: A NUL anywhere is a fault of the whole file, which has a test of its own.
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(letters, max_size=120)
    | st.sampled_from(["poc", "balanced", SPOT_KEY, "😀" * 50, "x" * 100_000, "\u202e", "=1+1"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(letters, max_size=8), inner)
    ),
    max_leaves=8,
)
FIELDS = ("name", "description", "notes", "tags", "client", "project", "file", "configuration")


@pytest.fixture(scope="module")
def importer(database: Server) -> Person:
    return make_person(name="Importer")


@pytest.fixture(scope="module")
def shared_file(importer: Person, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One file for all examples of a property."""
    path = tmp_path_factory.mktemp("import") / "shared.json"
    write_sample(path, conversations=60, seed=20_261_124)
    return enrich(import_training_file(importer, path, path.name)[0])


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_whatever_is_in_a_job_it_is_made_or_its_problems_are_named(
    importer: Person, shared_file: Any, data: Any
) -> None:
    element = job(shared_file)
    for field in data.draw(st.sets(st.sampled_from((*FIELDS, "offer")), max_size=3)):
        element[field] = data.draw(json_values)
    before = counts()["training_jobs"]
    (seen,) = taken_in(importer, export_of(element), job_import.preview)
    (report,) = taken_in(importer, export_of(element))
    assert (report.usable, report.problems) == (seen.usable, seen.problems)
    assert counts()["training_jobs"] == before + report.usable
    assert (report.job_id is not None) == report.usable
    if report.usable:
        kept = drafts.load(importer, report.job_id).draft
        assert kept.description == (element.get("description") or "")


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=100, deadline=None)
def test_whatever_a_file_holds_it_is_no_error_of_ours(importer: Person, content: bytes) -> None:
    with pytest.raises(Refusal):
        taken_in(importer, content, job_import.preview)


def test_out_of_one_installation_into_another_and_out_again(
    database: Server, installation: str, person: Make, tmp_path: Any, configure: Make
) -> None:
    """Documentation and configuration are equal, in a second database with files of its own."""
    source = tmp_path / "workshop.json"
    write_sample(source, conversations=60, seed=1)

    def file_of(actor: Person) -> Any:
        return enrich(import_training_file(actor, source, source.name)[0])

    ana = person(role="owner", email="ana@here.example")
    job_id = drafts.create(ana, file_of(ana).id)
    opened = drafts.load(ana, job_id)
    changes = {
        "preset": "aggressive",
        "overrides": {"r": 24, "target_modules": ["q_proj"], "warmup_ratio": "0.1"},
    }
    words = {"name": "Über 😀 =1+1", "notes": "# Notes\n\u202e", "tags": ["from-here", "poc"]}
    opened = drafts.save(ana, opened, change(opened.draft, drafts.today(), **changes, **words))
    drafts.save(ana, opened, change(opened.draft, drafts.today(), client="Acme", project="Q4"))
    first = exported(ana, job_id)

    elsewhere = "second_installation"
    database.execute(f"CREATE DATABASE {elsewhere} TEMPLATE pristine")
    url = database.url.set(database=elsewhere, drivername="postgresql")
    db.dispose()
    configure(DATABASE_URL=url.render_as_string(hide_password=False))
    try:
        ben = make_person(role="owner", email="ben@there.example")
        (unknown,) = taken_in(ben, first)
        assert "import “workshop.json”" in unknown.problems[0]
        file_of(ben)
        (report,) = taken_in(ben, first)
        assert (report.problems, report.notices) == ((), ())
        second = exported(ben, report.job_id)
    finally:
        db.dispose()
        configure(DATABASE_URL=installation)
        app_settings.cache_clear()
        database.execute(f"DROP DATABASE {elsewhere} WITH (FORCE)")
    (before,), (after,) = first["jobs"], second["jobs"]
    for field in ("name", "description", "notes", "tags", "client", "project", "configuration"):
        assert after[field] == before[field], field
    assert after["file"] == before["file"]
    assert after["offer"] == before["offer"]
    assert after["id"] != before["id"]
    assert after["created_by"]["email"] == "ben@there.example"
