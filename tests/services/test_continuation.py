"""Continuing a job at its cap: a draft for what is left, its price, its checkpoints, who may."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from lib import storage
from lib.db import calibrations, run_results
from lib.db.connection import reading, transaction
from lib.domain.draft import change
from lib.domain.offers import SPOT_KEY
from lib.domain.run_results import Result
from lib.engines.errors import SubmitRefused
from lib.services import continuation, drafts, jobs
from lib.services.assessment import assess
from lib.services.cloning import clone
from lib.services.continuation import continue_job, links, prepare
from lib.services.errors import NotAllowed, NotEligible, NotFound, Refusal, StartRefused
from lib.services.final_check import final_check, shown
from tests.capped_jobs import checkpoint, end_at_cap
from tests.past_jobs import insert_past_job

Make = Callable[..., Any]


@pytest.fixture
def capped(person: Make, local_draft: Make, start: Make) -> Make:
    """`capped(actor, step=40)`: a job estimated at $10.00 that its cap of $12.65 ended."""

    def make(actor: Any = None, **ended: Any) -> tuple[Any, UUID]:
        actor = actor or person()
        opened = local_draft(actor, cost="10.00")
        start(actor, opened)
        end_at_cap(opened.job_id, **ended)
        return actor, opened.job_id

    return make


def test_what_is_left_is_a_draft_of_its_own_with_the_price_of_what_is_left(capped: Make) -> None:
    ana, old = capped()
    new = continue_job(ana, old, Decimal("7.00"))
    opened, job = drafts.load(ana, new), jobs.status_of(ana, new)
    before = drafts.Draft.from_dict(jobs.status_of(ana, old).draft)
    assert job.continues_id == old
    assert opened.draft.spending_cap == Decimal("7.00")
    for name in ("training_file_id", "preset", "offer_key", "hyperparameters", "max_steps"):
        assert getattr(opened.draft, name) == getattr(before, name), name
    assessment = assess(opened)
    assert assessment.blockers == ()
    assert assessment.estimate is not None
    assert assessment.estimate.total == Decimal("6.00")  # 60 of 100 steps of $10.00
    assert assessment.estimate.basis.endswith("for the last 60 of 100 steps")
    assert shown(assessment).figures["Continues"].endswith("the last 60 of 100 steps")
    assert final_check(ana, opened, assessment).estimate == assessment.estimate


def test_the_default_cap_is_that_of_what_is_left(capped: Make) -> None:
    ana, old = capped()
    assert assess(drafts.load(ana, continue_job(ana, old))).spending_cap == Decimal("7.59")


def test_the_two_jobs_lead_to_each_other(capped: Make) -> None:
    ana, old = capped()
    assert links(ana, jobs.status_of(ana, old)) == continuation.Links(None, (), None)
    new = continue_job(ana, old)
    forward, back = links(ana, jobs.status_of(ana, old)), links(ana, jobs.status_of(ana, new))
    assert [row.id for row in forward.continued_by] == [new]
    assert back.begun_by.id == old
    drafts.discard(ana, new)
    assert links(ana, jobs.status_of(ana, old)) == continuation.Links(None, (), None)


def test_a_job_is_continued_once_until_its_draft_is_discarded(capped: Make) -> None:
    ana, old = capped()
    new = continue_job(ana, old)
    with pytest.raises(Refusal, match="already"):
        continue_job(ana, old)
    assert "already" in str(links(ana, jobs.status_of(ana, old)).refused)
    drafts.discard(ana, new)
    continue_job(ana, old)


def test_a_continued_job_that_its_own_cap_ends_is_continued_from_there(
    capped: Make, start: Make
) -> None:
    ana, old = capped()
    second = continue_job(ana, old)
    start(ana, drafts.load(ana, second))
    end_at_cap(second, step=75)
    with pytest.raises(Refusal, match="already"):
        continue_job(ana, old)
    third = drafts.load(ana, continue_job(ana, second))
    estimate = assess(third).estimate
    assert estimate is not None
    assert estimate.total == Decimal("2.50")


def test_only_one_job_at_a_time_trains_on_the_file(capped: Make, draft: Make, start: Make) -> None:
    ana, old = capped()
    file = drafts.load(ana, clone(ana, old)).file
    other = draft(ana, file=file, offer_key=drafts.load(ana, clone(ana, old)).draft.offer_key)
    start(ana, other)
    with pytest.raises(NotEligible):
        continue_job(ana, old)


@pytest.mark.parametrize(
    "changes", [{"overrides": {"r": 4}}, {"preset": "balanced"}, {"offer_key": SPOT_KEY}]
)
def test_a_changed_configuration_is_priced_whole_and_cannot_start(
    capped: Make, changes: dict[str, Any]
) -> None:
    ana, old = capped()
    opened = drafts.load(ana, continue_job(ana, old))
    changed = drafts.save(ana, opened, change(opened.draft, drafts.today(), **changes))
    (blocker,) = (one for one in assess(changed).blockers if one.code == "continues")
    assert "that needs the same" in blocker.message
    from_the_beginning = replace(changed.draft, continues=None)
    anew = drafts.save(ana, changed, from_the_beginning)
    assert jobs.status_of(ana, anew.job_id).continues_id is None
    assert "continues" not in [one.code for one in assess(anew).blockers]


def test_a_start_is_refused_where_the_checkpoint_has_gone_since(capped: Make, start: Make) -> None:
    ana, old = capped()
    opened = drafts.load(ana, continue_job(ana, old))
    (storage.run_folder(old) / "checkpoints" / "step-40" / "COMPLETE").unlink()
    with pytest.raises(StartRefused) as refusal:
        start(ana, opened)
    assert refusal.value.code == "continues"


def test_without_a_checkpoint_or_an_end_there_is_nothing_to_continue(
    capped: Make, local_draft: Make, start: Make, training_file: Make
) -> None:
    ana, old = capped(step=None)
    with pytest.raises(Refusal, match="no checkpoint"):
        continue_job(ana, old)
    opened = local_draft(ana)
    with pytest.raises(Refusal, match="never started"):
        continue_job(ana, opened.job_id)
    start(ana, opened)
    with pytest.raises(Refusal, match="ended before it was done"):
        continue_job(ana, opened.job_id)
    done = insert_past_job(ana, training_file(actor=ana))
    with pytest.raises(Refusal, match="ended before it was done"):
        continue_job(ana, done)


def test_a_rented_job_is_continued_from_what_was_stored_of_it(
    person: Make, training_file: Make
) -> None:
    ana = person()
    old = insert_past_job(
        ana,
        training_file(actor=ana),
        status="failed",
        failure_code="cap_reached",
        progress={"step": 45, "steps_total": 100, "checkpoint_step": 45},
    )
    with pytest.raises(Refusal, match="no checkpoint"):
        continue_job(ana, old)  # its newest one was on the machine alone
    with transaction() as connection:
        run_results.put(connection, old, 1, Result("checkpoint-40.tar", 1, "0" * 64, 40))
    estimate = assess(drafts.load(ana, continue_job(ana, old))).estimate
    assert estimate is not None
    assert estimate.basis.endswith("for the last 60 of 100 steps")


def test_only_those_who_may_change_a_job_continue_it(capped: Make, person: Make) -> None:
    boss, other = person(role="manager"), person(role="manager")
    ana = person(manager=boss)
    _, old = capped(ana)
    with pytest.raises(NotFound):
        continue_job(person(), old)
    with pytest.raises(NotAllowed):
        continue_job(other, old)
    new = continue_job(boss, old)
    assert jobs.status_of(boss, new).created_by == boss.id
    assert links(ana, jobs.status_of(ana, old)).continued_by == ()  # not theirs to see


def test_a_clone_of_a_continued_job_begins_at_the_beginning(capped: Make) -> None:
    ana, old = capped()
    new = clone(ana, continue_job(ana, old))
    assert drafts.load(ana, new).draft.continues is None
    assert jobs.status_of(ana, new).continues_id is None


def test_a_continued_run_is_no_evidence_of_what_a_whole_one_takes(
    person: Make, training_file: Make
) -> None:
    ana = person()
    with reading() as connection:
        before = calibrations.count_runs(connection)
    whole = insert_past_job(ana, training_file(actor=ana))
    rest = insert_past_job(ana, training_file(actor=ana), continues_id=whole)
    with reading() as connection:
        ids = {row.id for row in calibrations.finished_runs(connection)}
        assert calibrations.count_runs(connection) == before + 1
    assert whole in ids
    assert rest not in ids


@pytest.fixture
def queued(capped: Make, start: Make) -> Make:
    """A started continuation: the old job and the new one."""

    def make() -> tuple[UUID, UUID]:
        ana, old = capped()
        new = continue_job(ana, old)
        start(ana, drafts.load(ana, new))
        return old, new

    return make


def content(job_id: UUID) -> dict[str, str]:
    folder = storage.run_folder(job_id)
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_new_job_gets_the_old_ones_checkpoints_however_often_it_is_asked(queued: Make) -> None:
    old, new = queued()
    checkpoint(old, 39, "older")
    (storage.run_folder(old) / "checkpoints" / "step-41").mkdir()  # torn: it has no seal
    for _ in range(2):
        prepare(new)
        assert content(new) == content(old)
    assert {path.name for path in (storage.run_folder(new) / "checkpoints").iterdir()} == {
        "step-39",
        "step-40",
    }


def test_the_old_jobs_checkpoints_stay_when_the_new_run_drops_its_own(queued: Make) -> None:
    old, new = queued()
    before = content(old)
    prepare(new)
    shutil.rmtree(storage.run_folder(new) / "checkpoints")
    assert content(old) == before


def test_a_later_attempt_keeps_the_checkpoints_of_its_own_run(queued: Make) -> None:
    old, new = queued()
    prepare(new)
    checkpoint(new, 60, "further")
    shutil.rmtree(storage.run_folder(new) / "checkpoints" / "step-40")
    shutil.rmtree(storage.run_folder(old))
    prepare(new)
    assert [name for name in content(new) if name.endswith("model.bin")] == [
        "checkpoints/step-60/model.bin"
    ]


def test_a_run_whose_old_checkpoints_are_gone_does_not_begin_anew_unasked(queued: Make) -> None:
    old, new = queued()
    shutil.rmtree(storage.run_folder(old))
    with pytest.raises(SubmitRefused) as refusal:
        prepare(new)
    assert refusal.value.code == "checkpoint_missing"


def test_a_job_that_continues_none_is_left_alone(capped: Make) -> None:
    _, old = capped()
    before = content(old)
    prepare(old)
    assert content(old) == before
