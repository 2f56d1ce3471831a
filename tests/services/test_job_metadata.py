"""Editing what is written about a job: what is kept, who may, and two who do it at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest

from lib.domain.draft import change
from lib.domain.job_edits import merged
from lib.domain.metadata import Metadata
from lib.domain.people import Person
from lib.services import drafts, job_metadata, jobs, starting
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from lib.services.errors import DraftMoved, NotAllowed, NotFound, Refusal
from lib.services.job_metadata import NAME_LOCKED, BadMetadata, EditedSince

Make = Callable[..., Any]
HOSTILE = (
    "<script>alert(1)</script>",
    "![x](https://evil.example/a.png) [a](javascript:alert(1))",
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE training_jobs; --",
    "\u202eRTL \u05e9\u05dc\u05d5\u05dd \U0001f469\u200d\U0001f680 \x1b[31m",
)


@pytest.fixture
def started(local_draft: Make) -> Callable[..., UUID]:
    """`started(actor, name=...)`: a queued job with this written about it."""

    def make(actor: Person, **written: Any) -> UUID:
        opened = local_draft(actor)
        if written:
            opened = drafts.save(actor, opened, change(opened.draft, drafts.today(), **written))
        starting.start(actor, opened.job_id, assess(opened).digest)
        return opened.job_id

    return make


def rewrite(actor: Person, job_id: UUID, **values: Any) -> job_metadata.Documentation:
    """Reads and saves in one breath."""
    now = job_metadata.read(actor, job_id)
    return job_metadata.edit(actor, job_id, replace(now.metadata, **values), now.seen)


def test_an_edit_is_kept_with_who_wrote_what_and_when(person: Make, started: Make) -> None:
    ana = person(name="Ana")
    job_id = started(ana, name="Tone of support", description="First", tags=["test"])
    before = job_metadata.read(ana, job_id)

    after = rewrite(
        ana,
        job_id,
        description="Second",
        notes="**Why**",
        tags=("poc", "new-tag"),
        client="Acme",
        project="Q4",
    )

    assert job_metadata.read(ana, job_id) == after
    assert after.seen > before.seen
    job = jobs.view(ana, job_id).job
    assert (job.description, job.notes, job.tags) == ("Second", "**Why**", ["poc", "new-tag"])
    assert (job.client_name, job.project_name) == ("Acme", "Q4")
    assert job.metadata_updated_at == after.seen
    (edit,) = job_metadata.history(ana, job_id)
    assert (edit.editor, edit.at) == ("Ana", after.seen)
    assert edit.changes == {
        "description": ("First", "Second"),
        "notes": ("", "**Why**"),
        "tags": (("test",), ("poc", "new-tag")),
        "client": ("", "Acme"),
        "project": ("", "Q4"),
    }


def test_an_edit_that_changes_nothing_is_none(person: Make, started: Make) -> None:
    ana = person()
    job_id = started(ana)
    before = job_metadata.read(ana, job_id)
    assert rewrite(ana, job_id) == before
    assert job_metadata.history(ana, job_id) == []


def test_the_name_is_fixed_once_the_job_was_started(person: Make, started: Make) -> None:
    ana = person()
    job_id = started(ana, name="Tone of support")
    with pytest.raises(Refusal, match="fixed") as caught:
        rewrite(ana, job_id, name="Another", description="Also this")
    assert str(caught.value) == NAME_LOCKED
    assert job_metadata.read(ana, job_id).metadata.description == ""


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"description": "x" * 501}, "description", "at most 500"),
        ({"notes": "x" * 2001}, "notes", "at most 2000"),
        ({"tags": tuple(f"tag-{n}" for n in range(11))}, "tags", "Maximum 10 tags allowed"),
        ({"tags": ("Not A Tag",)}, "tags", "lowercase"),
        ({"project": "Q4"}, "project", "choose the client too"),
    ],
)
def test_what_is_wrong_is_told_by_field_and_nothing_is_saved(
    person: Make, started: Make, values: dict[str, Any], field: str, message: str
) -> None:
    ana = person()
    job_id = started(ana)
    before = job_metadata.read(ana, job_id)
    with pytest.raises(BadMetadata, match=message) as caught:
        rewrite(ana, job_id, **values)
    assert list(caught.value.faults) == [field]
    assert job_metadata.read(ana, job_id) == before


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_in_every_field(
    person: Make, started: Make, local_draft: Make, text: str
) -> None:
    ana = person()
    written = dict.fromkeys(("description", "notes", "client", "project"), text)
    for job_id, values in (
        (started(ana), written),
        (local_draft(ana).job_id, {**written, "name": text}),
    ):
        after = rewrite(ana, job_id, **values)
        assert all(getattr(after.metadata, name) == text.strip() for name in values)
        (edit,) = job_metadata.history(ana, job_id)
        assert {name: both[1] for name, both in edit.changes.items()} == {
            name: text.strip() for name in values
        }
        job_metadata.undo(ana, job_id)


def test_what_no_database_keeps_is_left_out(person: Make, started: Make) -> None:
    ana = person()
    after = rewrite(ana, started(ana), description="a\x00b\ud800c", notes="\udfff")
    assert (after.metadata.description, after.metadata.notes) == ("abc", "")


def test_a_draft_is_edited_in_its_draft_and_an_open_wizard_hears_of_it(
    person: Make, local_draft: Make
) -> None:
    ana = person()
    opened = local_draft(ana)
    rewrite(ana, opened.job_id, name="Named by hand", tags=("poc",), client="Acme", project="Q4")

    now = drafts.load(ana, opened.job_id)
    assert now.revision == opened.revision + 1
    assert now.draft.metadata == Metadata("Named by hand", "", "", ("poc",), "Acme", "Q4")
    assert now.draft.name_edited
    assert now.draft.digest == opened.draft.digest
    assert jobs.view(ana, opened.job_id).job.name == "Named by hand"
    with pytest.raises(DraftMoved):
        drafts.save(ana, opened, change(opened.draft, drafts.today(), notes="From the wizard"))


def test_the_wizard_moves_the_last_update_only_where_it_changes_what_is_written(
    person: Make, local_draft: Make
) -> None:
    ana = person()
    opened = local_draft(ana)
    opened = drafts.save(ana, opened, change(opened.draft, drafts.today(), name="By hand"))
    seen = job_metadata.read(ana, opened.job_id).seen
    opened = drafts.save(ana, opened, change(opened.draft, drafts.today(), preset="conservative"))
    assert job_metadata.read(ana, opened.job_id).seen == seen
    drafts.save(ana, opened, change(opened.draft, drafts.today(), notes="Why"))
    assert job_metadata.read(ana, opened.job_id).seen > seen


def test_the_last_edit_is_undone_by_another_edit(person: Make, started: Make) -> None:
    ana, max_ = person(name="Ana"), person(role="admin", name="Max")
    job_id = started(ana, notes="One", client="Acme", project="Q4")
    rewrite(ana, job_id, notes="Two", client="", project="", tags=("poc",))

    undone = job_metadata.undo(max_, job_id)

    assert undone.metadata.notes == "One"
    assert (undone.metadata.client, undone.metadata.project) == ("Acme", "Q4")
    assert undone.metadata.tags == ()
    newest, first = job_metadata.history(ana, job_id)
    assert (newest.editor, first.editor) == ("Max", "Ana")
    assert newest.changes == {name: (b, a) for name, (a, b) in first.changes.items()}
    assert job_metadata.undo(ana, job_id).metadata.notes == "Two"


def test_nothing_is_undone_over_what_was_written_since(person: Make, local_draft: Make) -> None:
    ana = person()
    opened = local_draft(ana)
    with pytest.raises(Refusal, match="no edit"):
        job_metadata.undo(ana, opened.job_id)
    rewrite(ana, opened.job_id, notes="On the page")
    opened = drafts.load(ana, opened.job_id)
    drafts.save(ana, opened, change(opened.draft, drafts.today(), notes="In the wizard"))
    with pytest.raises(Refusal, match="Notes has been changed otherwise"):
        job_metadata.undo(ana, opened.job_id)
    assert job_metadata.read(ana, opened.job_id).metadata.notes == "In the wizard"


def test_a_name_from_before_the_start_is_not_undone_after_it(
    person: Make, local_draft: Make
) -> None:
    ana = person()
    opened = local_draft(ana)
    rewrite(ana, opened.job_id, name="Named by hand")
    starting.start(ana, opened.job_id, assess(drafts.load(ana, opened.job_id)).digest)
    with pytest.raises(Refusal, match="fixed"):
        job_metadata.undo(ana, opened.job_id)


def test_who_may_only_look_changes_nothing(person: Make, started: Make) -> None:
    ana, other_manager, stranger = person(), person(role="manager"), person()
    job_id = started(ana)
    rewrite(ana, job_id, notes="Mine")
    now = job_metadata.read(other_manager, job_id)
    for act in (
        lambda actor: job_metadata.edit(actor, job_id, replace(now.metadata, notes=""), now.seen),
        lambda actor: job_metadata.undo(actor, job_id),
    ):
        with pytest.raises(NotAllowed):
            act(other_manager)
        with pytest.raises(NotFound):
            act(stranger)
    with pytest.raises(NotFound):
        job_metadata.history(stranger, job_id)
    assert job_metadata.read(ana, job_id).metadata.notes == "Mine"


def test_the_second_of_two_is_told_who_wrote_what_and_can_merge(
    person: Make, started: Make
) -> None:
    ana, max_ = person(name="Ana"), person(role="admin", name="Max")
    job_id = started(ana, notes="one\ntwo\nthree", tags=["test"])
    read = job_metadata.read(ana, job_id)
    rewrite(max_, job_id, notes="ONE\ntwo\nthree", tags=("test", "poc"))

    mine = replace(read.metadata, notes="one\ntwo\nthree\nfour", description="Mine")
    with pytest.raises(EditedSince, match="Max changed this job") as caught:
        job_metadata.edit(ana, job_id, mine, read.seen)

    met = caught.value
    assert [edit.editor for edit in met.edits] == ["Max"]
    both = merged(read.metadata, mine, met.now.metadata).metadata
    job_metadata.edit(ana, job_id, both, met.now.seen)
    saved = job_metadata.read(max_, job_id).metadata
    assert saved.notes == "ONE\ntwo\nthree\nfour"
    assert (saved.description, saved.tags) == ("Mine", ("test", "poc"))


def edit_without_a_look(
    actor: Person, job_id: UUID, metadata: Metadata, _seen: datetime
) -> job_metadata.Documentation:
    """The twin: it takes whatever is there now for what the editor has read."""
    now = job_metadata.read(actor, job_id)
    while True:
        try:
            return job_metadata.edit(actor, job_id, metadata, now.seen)
        except EditedSince as moved:
            now = moved.now


def both_press_save(edit: Make, people: list[Person], job_id: UUID) -> list[object]:
    """Everybody reads the same and saves at the same moment; what came of it, for each."""
    read = job_metadata.read(people[0], job_id)
    together, found = Barrier(len(people)), [None] * len(people)

    def press(at: int, who: Person) -> None:
        together.wait()
        try:
            edit(who, job_id, replace(read.metadata, notes=f"By {who.name}"), read.seen)
            found[at] = "saved"
        except EditedSince as moved:
            found[at] = moved

    threads = [Thread(target=press, args=one) for one in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def nothing_was_lost(people: list[Person], job_id: UUID, outcomes: list[object]) -> None:
    """Each text is what is there now, or its writer was told and still has it."""
    notes = job_metadata.read(people[0], job_id).metadata.notes
    for who, outcome in zip(people, outcomes, strict=True):
        assert isinstance(outcome, EditedSince) or notes == f"By {who.name}", who.name


@pytest.mark.parametrize("kind", ["a draft", "a started job"])
def test_of_people_who_save_at_once_one_saves_and_the_others_are_told(
    person: Make, started: Make, local_draft: Make, kind: str
) -> None:
    ana = person(name="Ana")
    people = [ana, *(person(role="admin", name=f"Admin {n}") for n in range(3))]
    job_id = started(ana) if kind == "a started job" else local_draft(ana).job_id

    outcomes = both_press_save(job_metadata.edit, people, job_id)

    nothing_was_lost(people, job_id, outcomes)
    assert outcomes.count("saved") == 1
    (edit,) = job_metadata.history(ana, job_id)
    told = [outcome for outcome in outcomes if isinstance(outcome, EditedSince)]
    assert all([one.editor for one in met.edits] == [edit.editor] for met in told)


def test_a_twin_that_does_not_look_loses_what_others_wrote(person: Make, started: Make) -> None:
    people = [person(role="admin", name=f"Admin {n}") for n in range(3)]
    job_id = started(people[0])
    outcomes = both_press_save(edit_without_a_look, people, job_id)
    with pytest.raises(AssertionError):
        nothing_was_lost(people, job_id, outcomes)


def test_the_wizard_and_the_page_together_lose_nothing(person: Make, local_draft: Make) -> None:
    ana = person()
    opened: OpenDraft = local_draft(ana)
    read = job_metadata.read(ana, opened.job_id)
    drafts.save(ana, opened, change(opened.draft, drafts.today(), notes="In the wizard"))
    with pytest.raises(EditedSince, match="Somebody in the wizard") as caught:
        job_metadata.edit(
            ana, opened.job_id, replace(read.metadata, notes="On the page"), read.seen
        )
    assert caught.value.now.metadata.notes == "In the wizard"
