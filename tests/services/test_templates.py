"""Templates: saved from any job, invisible while private, named once a person, started from."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from lib.db.connection import transaction
from lib.db.tables import job_templates, training_jobs
from lib.domain.draft import change
from lib.domain.offers import LOCAL_KEY, SPOT_KEY
from lib.domain.people import Person
from lib.services import drafts, templates
from lib.services.errors import NotEligible, NotFound, Refusal
from lib.services.file_care import archive as archive_file
from tests.past_jobs import insert_past_job

Make = Callable[..., Any]


@pytest.fixture
def saved(draft: Make) -> Make:
    """`saved(actor, name="...")`: a template of a draft with changes; its id."""

    def make(actor: Person, name: str = "Proven", **values: Any) -> UUID:
        opened = draft(
            actor,
            preset="balanced",
            overrides={"r": 24},
            offer_key=LOCAL_KEY,
            tags=("poc",),
            notes="Because",
        )
        return templates.save(actor, opened.job_id, name=name, **values)

    return make


def of(actor: Person, template_id: UUID) -> Any:
    return next(row for row in templates.listing(actor) if row.id == template_id)


def test_a_new_job_begins_as_the_template_says(
    person: Make, saved: Make, training_file: Make
) -> None:
    actor = person()
    template_id = saved(actor, documentation=("tags", "notes"))
    job_id = templates.start(actor, template_id, training_file(actor=actor).id)
    begun = drafts.load(actor, job_id).draft
    assert (begun.preset, dict(begun.overrides), begun.offer_key) == (
        "balanced",
        {"r": 24},
        LOCAL_KEY,
    )
    assert (begun.tags, begun.notes, begun.template_id) == (("poc",), "Because", str(template_id))
    with transaction() as connection:
        row = connection.execute(training_jobs.select().where(training_jobs.c.id == job_id)).one()
    assert (row.template_id, row.tags, row.notes) == (template_id, ["poc"], "Because")


def test_a_job_that_has_ended_is_kept_with_what_is_written_about_it_now(
    person: Make, training_file: Make
) -> None:
    actor = person()
    file = training_file(actor=actor)
    ended = insert_past_job(actor, file, tags=["baseline"])
    template_id = templates.save(actor, ended, name="From the past")
    row = templates.by_id(actor, template_id)
    assert (row.draft["preset"], row.draft["offer_key"]) == ("balanced", SPOT_KEY)
    assert row.draft["tags"] == ["baseline"]


def test_uses_are_counted_and_a_discarded_draft_is_none(
    person: Make, saved: Make, training_file: Make
) -> None:
    actor = person()
    template_id = saved(actor)
    assert (of(actor, template_id).uses, of(actor, template_id).last_used) == (0, None)
    file = training_file(actor=actor)
    templates.start(actor, template_id, file.id)
    given_up = templates.start(actor, template_id, file.id)
    assert of(actor, template_id).uses == 2
    drafts.discard(actor, given_up)
    row = of(actor, template_id)
    assert row.uses == 1
    assert row.last_used is not None


def test_a_private_template_is_unknown_to_everybody_else(person: Make, saved: Make) -> None:
    actor = person()
    template_id = saved(actor, shared=False)
    for other in (person(), person("manager"), person("admin")):
        assert template_id not in [row.id for row in templates.listing(other)]
        for attempt in (
            lambda other=other: templates.by_id(other, template_id),
            lambda other=other: templates.archive(other, template_id),
            lambda other=other: templates.start(other, template_id, uuid4()),
        ):
            with pytest.raises(NotFound):
                attempt()
    assert of(actor, template_id).shared is False


def test_a_name_is_one_person_s_once_in_any_case(person: Make, saved: Make) -> None:
    actor, other = person(), person()
    first = saved(actor, "Client delivery")
    with pytest.raises(Refusal, match="“client Delivery” by the same person"):
        saved(actor, " client  Delivery ")
    saved(other, "Client delivery")
    templates.archive(actor, first)
    newer = saved(actor, "Client delivery")
    with pytest.raises(Refusal, match="by the same person"):
        templates.restore(actor, first)
    templates.archive(actor, newer)
    templates.restore(actor, first)
    assert of(actor, first).archived_at is None


def test_an_archived_template_starts_nothing_and_is_still_named(
    person: Make, saved: Make, training_file: Make
) -> None:
    actor = person()
    template_id, file = saved(actor), training_file(actor=actor)
    job_id = templates.start(actor, template_id, file.id)
    templates.archive(actor, template_id)
    with pytest.raises(Refusal, match="archived"):
        templates.start(actor, template_id, file.id)
    found = templates.origin(actor, drafts.load(actor, job_id).draft)
    assert found is not None
    assert found[0].name == "Proven"


def test_a_file_that_cannot_be_used_makes_no_job(
    person: Make, saved: Make, training_file: Make
) -> None:
    actor = person()
    template_id, file = saved(actor), training_file(actor=actor)
    archive_file(actor, file.id)
    with pytest.raises(NotEligible, match="archived"):
        templates.start(actor, template_id, file.id)
    assert of(actor, template_id).uses == 0


def test_a_job_with_another_configuration_is_told_as_modified(
    person: Make, saved: Make, training_file: Make
) -> None:
    actor = person()
    template_id = saved(actor)
    opened = drafts.load(actor, templates.start(actor, template_id, training_file(actor=actor).id))
    renamed = drafts.save(actor, opened, change(opened.draft, drafts.today(), name="My own name"))
    assert [modified for _, modified in templates.jobs_from(actor, template_id)] == [False]
    drafts.save(actor, renamed, change(renamed.draft, drafts.today(), offer_key=SPOT_KEY))
    assert [modified for _, modified in templates.jobs_from(actor, template_id)] == [True]


def test_a_preset_that_no_longer_exists_falls_back_with_a_notice(
    person: Make, saved: Make, training_file: Make
) -> None:
    actor = person()
    template_id = saved(actor)
    with transaction() as connection:
        connection.execute(
            update(job_templates)
            .where(job_templates.c.id == template_id)
            .values(draft={"preset": "reckless", "offer_key": "nowhere/none/spot"})
        )
    notices = templates.usable(templates.by_id(actor, template_id)).notices
    assert [notice.split(":")[0] for notice in notices] == [
        "Its preset 'reckless' no longer exists",
        "Its GPU offer is no longer there",
    ]
    job_id = templates.start(actor, template_id, training_file(actor=actor).id)
    assert drafts.load(actor, job_id).draft.preset == "conservative"


@pytest.mark.parametrize(
    "text",
    ["<script>x</script>", "=1+1", "**b** [l](javascript:x)", "\u202eabc", "😀😀😀", "a\x00bcd"],
)
def test_any_text_is_kept_as_it_is(person: Make, saved: Make, text: str) -> None:
    actor = person()
    row = templates.by_id(actor, saved(actor, text, description=text))
    assert (row.name, row.description) == (text.replace("\x00", ""),) * 2
