"""Drafts: saved at every change, never overwritten unseen, invisible to others."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from lib.db.connection import transaction
from lib.db.tables import activity_log
from lib.domain.draft import change, first_name
from lib.domain.job_search import JobQuery
from lib.services import drafts, job_search, jobs
from lib.services.drafts import today
from lib.services.errors import DraftMoved, NotFound, Refusal

Make = Callable[..., Any]


def test_a_new_job_is_a_draft_with_the_defaults_for_its_file(
    person: Make, training_file: Make
) -> None:
    actor, row = person(), training_file(conversations=60)
    job_id = drafts.create(actor, row.id)
    job = jobs.status_of(actor, job_id)
    assert (job.status, job.preset, job.created_by) == (
        "pending_configuration",
        "conservative",
        actor.id,
    )
    assert job.name == drafts.load(actor, job_id).draft.name
    with transaction() as connection:
        logged = select(activity_log).where(activity_log.c.subject == str(job_id))
        row = connection.execute(logged).one()
    assert (row.action, row.succeeded, row.actor_id) == ("job_created", True, actor.id)


def test_a_name_that_was_typed_stays_and_the_suggested_one_follows_the_preset(
    person: Make, training_file: Make
) -> None:
    actor, row = person(), training_file()
    suggested = first_name(row.name, today())
    for typed, kept in ((suggested, None), (None, None), ("  ", None), (" Mine ", "Mine")):
        opened = drafts.load(actor, drafts.create(actor, row.id, typed))
        changed = change(opened.draft, today(), preset="balanced")
        assert opened.draft.name_edited is (kept is not None)
        assert changed.name == (kept or f"{suggested[:-13]} - Balanced - {today()}")


@pytest.mark.parametrize("typed", ["ab", "x" * 101])
def test_a_bad_name_makes_no_job_and_is_logged(
    person: Make, training_file: Make, typed: str
) -> None:
    actor, row = person(), training_file()
    with pytest.raises(Refusal, match="Job name must be between 3 and 100 characters"):
        drafts.create(actor, row.id, typed)
    assert job_search.search(actor, JobQuery()).rows == []
    with transaction() as connection:
        logged = select(activity_log).where(
            activity_log.c.subject == str(row.id), activity_log.c.action == "job_created"
        )
        entry = connection.execute(logged).one()
    assert (entry.succeeded, entry.actor_id) == (False, actor.id)
    assert entry.details["training_file_id"] == str(row.id)


def test_a_change_is_there_for_the_next_tab(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor, preset="balanced", name="Client run", client="Acme")
    read = drafts.load(actor, opened.job_id)
    assert read.draft == opened.draft
    assert read.revision == opened.revision
    assert jobs.status_of(actor, opened.job_id).name == "Client run"


def test_a_tab_that_is_behind_overwrites_nothing(person: Make, draft: Make) -> None:
    actor = person()
    behind = draft(actor)
    newer = drafts.save(actor, behind, change(behind.draft, today(), preset="balanced"))
    with pytest.raises(DraftMoved):
        drafts.save(actor, behind, change(behind.draft, today(), preset="aggressive"))
    assert drafts.load(actor, behind.job_id).draft == newer.draft


def test_of_eight_tabs_that_save_at_once_one_does(person: Make, draft: Make) -> None:
    actor = person()
    opened, barrier = draft(actor), Barrier(8)

    def save(number: int) -> bool:
        barrier.wait()
        try:
            drafts.save(actor, opened, change(opened.draft, today(), name=f"Tab {number}"))
        except DraftMoved:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(save, range(8))) == 1
    assert drafts.load(actor, opened.job_id).revision == opened.revision + 1


def test_a_discarded_draft_is_listed_no_more_and_stays_as_it_is(person: Make, draft: Make) -> None:
    actor = person()
    opened = draft(actor)
    assert opened.job_id in {job.id for job in job_search.search(actor, JobQuery()).rows}
    drafts.discard(actor, opened.job_id)
    assert opened.job_id not in {job.id for job in job_search.search(actor, JobQuery()).rows}
    for refused in (
        lambda: drafts.load(actor, opened.job_id),
        lambda: drafts.save(actor, opened, opened.draft),
        lambda: drafts.discard(actor, opened.job_id),
        lambda: jobs.cancel(actor, opened.job_id),
    ):
        with pytest.raises(Refusal):
            refused()


def test_a_started_job_is_configured_no_more(person: Make, local_draft: Make, start: Make) -> None:
    actor = person()
    opened = local_draft(actor)
    start(actor, opened)
    for refused in (
        lambda: drafts.load(actor, opened.job_id),
        lambda: drafts.save(actor, opened, opened.draft),
        lambda: drafts.discard(actor, opened.job_id),
    ):
        with pytest.raises(Refusal, match="has been started"):
            refused()


def test_the_drafts_of_others_are_not_found_by_analysts(person: Make, draft: Make) -> None:
    stranger, opened = person(), draft()
    for refused in (
        lambda: drafts.load(stranger, opened.job_id),
        lambda: drafts.save(stranger, opened, opened.draft),
        lambda: drafts.discard(stranger, opened.job_id),
    ):
        with pytest.raises(NotFound, match="or it is not yours to see"):
            refused()


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_the_drafts_of_others_are_open_to_those_who_manage(
    person: Make, draft: Make, role: str
) -> None:
    opened = draft()
    seen = drafts.load(person(role=role), opened.job_id)
    assert seen.owner_id == opened.owner_id


def test_an_unknown_job_is_answered_like_one_of_somebody_else(person: Make, draft: Make) -> None:
    actor = person()
    with pytest.raises(NotFound) as unknown:
        drafts.load(actor, actor.id)
    with pytest.raises(NotFound) as foreign:
        drafts.load(actor, draft().job_id)
    assert str(unknown.value) == str(foreign.value)


HOSTILE = ["<script>alert(1)</script>", "'; DROP TABLE users; --", "%_\\", "\u202eevil", "\x00"]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_kept_as_text(person: Make, draft: Make, text: str) -> None:
    actor = person()
    opened = draft(actor)
    written = change(opened.draft, today(), notes=f"{text} notes", description=text)
    drafts.save(actor, opened, written)
    kept = drafts.load(actor, opened.job_id).draft
    assert kept.notes == f"{text} notes".replace("\x00", "")
    found = job_search.search(actor, JobQuery(text=f"{text} notes")).rows
    assert opened.job_id in {job.id for job in found}


def test_the_search_takes_no_sign_for_a_command(person: Make, draft: Make) -> None:
    actor = person()
    draft(actor, name="Fifty percent")
    wanted = draft(actor, name="50%_off")
    found = job_search.search(actor, JobQuery(text="50%_OFF")).rows
    assert [job.id for job in found] == [wanted.job_id]
    assert job_search.search(actor, JobQuery(text="nowhere to be found")).rows == []
