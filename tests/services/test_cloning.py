"""Clones: the same configuration and documentation, a number behind the name."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lib.domain.draft import change
from lib.services import drafts, file_care, jobs, templates
from lib.services.cloning import clone
from lib.services.errors import NotEligible, NotFound
from tests.past_jobs import insert_past_job

Make = Callable[..., Any]


def test_a_clone_is_a_draft_with_all_that_the_job_was(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(
        actor,
        name="Client run",
        preset="balanced",
        overrides={"r": 24},
        description="What for",
        notes="Why",
        tags=("poc",),
        client="Clone & Co",
        project="One",
        deadline=datetime.now(UTC) + timedelta(days=3),
    )
    like = drafts.load(actor, clone(actor, opened.job_id)).draft
    old = opened.draft
    for name in ("preset", "overrides", "offer_key", "description", "notes", "tags", "client"):
        assert getattr(like, name) == getattr(old, name), name
    assert (like.project, like.training_file_id) == ("One", old.training_file_id)
    assert (like.name, like.name_edited, like.deadline) == ("Client run (2)", True, None)


def test_names_are_numbered_on_within_the_limit(person: Make, draft: Make) -> None:
    actor = person()
    first = draft(actor, name="x" * 100).job_id
    second = clone(actor, first)
    third = clone(actor, first)
    names = [jobs.status_of(actor, job_id).name for job_id in (second, third)]
    assert names == ["x" * 96 + " (2)", "x" * 96 + " (3)"]
    assert jobs.status_of(actor, clone(actor, third)).name == "x" * 96 + " (4)"


def test_a_draft_that_breaks_rules_is_cloned_with_what_was_typed(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor, name="Long", notes="n" * 3000)
    assert drafts.load(actor, clone(actor, opened.job_id)).draft.notes == "n" * 3000


def test_an_ended_job_is_cloned_as_it_is_documented_now(person: Make, training_file: Make) -> None:
    actor = person()
    ended = insert_past_job(
        actor, training_file(actor=actor), name="Renamed since", tags=["baseline"]
    )
    like = drafts.load(actor, clone(actor, ended)).draft
    assert (like.name, like.tags) == ("Renamed since (2)", ("baseline",))


def test_a_file_in_use_is_asked_for_and_another_one_taken(
    person: Make, local_draft: Make, start: Make, training_file: Make
) -> None:
    actor = person(limit="9999.00")
    opened = local_draft(actor)
    start(actor, opened)
    with pytest.raises(NotEligible, match="active training job"):
        clone(actor, opened.job_id)
    other = training_file(actor=actor)
    like = drafts.load(actor, clone(actor, opened.job_id, other.id)).draft
    assert like.training_file_id == str(other.id)
    assert like.name.startswith(other.name.removesuffix(".json"))


def test_an_archived_file_is_asked_for(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor)
    file_care.archive(actor, opened.file.id)
    with pytest.raises(NotEligible, match="archived"):
        clone(actor, opened.job_id)


def test_the_clone_is_the_one_s_who_cloned(person: Make, draft: Make) -> None:
    owner_of_job, manager, stranger = person(), person("manager"), person()
    opened = draft(owner_of_job, name="Theirs")
    assert jobs.status_of(manager, clone(manager, opened.job_id)).created_by == manager.id
    with pytest.raises(NotFound):
        clone(stranger, opened.job_id)


@pytest.mark.parametrize("shared", [True, False])
def test_the_template_stays_where_the_cloner_may_see_it(
    person: Make, draft: Make, training_file: Make, shared: bool
) -> None:
    actor, manager = person(), person("manager")
    template_id = templates.save(actor, draft(actor).job_id, name="Mine", shared=shared)
    job_id = templates.start(actor, template_id, training_file(actor=actor).id)
    expected = str(template_id) if shared else None
    assert drafts.load(manager, clone(manager, job_id)).draft.template_id == expected
    assert drafts.load(actor, clone(actor, job_id)).draft.template_id == str(template_id)


def test_changing_the_clone_leaves_the_job_alone(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor, name="Before")
    like = drafts.load(actor, clone(actor, opened.job_id))
    drafts.save(actor, like, change(like.draft, drafts.today(), notes="Other"))
    assert drafts.load(actor, opened.job_id).draft == opened.draft
