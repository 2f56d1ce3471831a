"""The steps that are offered after a failure and while a job waits, and the drafts they make."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from sqlalchemy import Row, select

from lib import storage
from lib.db import run_results
from lib.db.connection import reading, transaction
from lib.db.tables import budget_reservations, job_attempts, training_jobs
from lib.domain.draft import Draft
from lib.domain.next_steps import NextStep, Step
from lib.domain.offers import LOCAL_KEY, Stock, Tier
from lib.domain.people import Person
from lib.domain.run_results import Result
from lib.domain.states import ACTIVE
from lib.services import drafts, jobs, next_steps
from lib.services.assessment import assess
from lib.services.errors import NotAllowed, NotEligible, Refusal
from lib.services.remedies import BILLING
from tests.past_jobs import insert_past_job
from tests.rented_offers import (
    B200,
    H200,
    ON_DEMAND,
    SPOT,
    can_be_rented,
    rented,
    waiting_job,
)

Make = Callable[..., Any]


def offered(actor: Person, job_id: UUID) -> dict[Step, NextStep]:
    """In the order in which they are offered."""
    return {one.step: one for one in next_steps.offered(actor, job_id)}


def drafted(actor: Person, job_id: UUID, step: Step) -> Draft:
    return drafts.load(actor, next_steps.take(actor, job_id, step)).draft


def row(job_id: UUID) -> Row:
    with reading() as connection:
        return connection.execute(select(training_jobs).where(training_jobs.c.id == job_id)).one()


@pytest.fixture
def failed(training_file: Make) -> Make:
    """`failed(ana, "out_of_memory", preset="balanced")`: a job of hers on a file of its own."""

    def make(actor: Person, code: str, message: str = "It broke.", **values: Any) -> UUID:
        file = values.pop("file", None) or training_file(actor=actor)
        return insert_past_job(
            actor, file, status="failed", failure_code=code, failure_message=message, **values
        )

    return make


def test_out_of_memory_offers_a_batch_of_half_the_size_with_the_same_result(
    person: Make, failed: Make
) -> None:
    ana = person()
    job_id = failed(ana, "out_of_memory")
    step = offered(ana, job_id)[Step.SMALLER_BATCH]
    assert step.label == "Smaller batch: 2 → 1"
    assert "whatever the batch" in step.explained

    before = Draft.from_dict(row(job_id).draft)
    draft = drafted(ana, job_id, Step.SMALLER_BATCH)

    now = draft.hyperparameters
    assert (now.per_device_train_batch_size, now.gradient_accumulation_steps) == (1, 4)
    assert draft.overrides == {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 4}
    same = ("preset", "offer_key", "training_file_id", "max_steps", "tags", "notes")
    assert [getattr(draft, name) for name in same] == [getattr(before, name) for name in same]


def test_at_batch_one_there_is_a_lower_rank_and_a_gpu_with_more_memory(
    installation: str, configure: Make, person: Make, failed: Make
) -> None:
    smaller = rented("A100", gb=79, rate="1.00")
    dear, cheap = rented(B200, gb=180, rate="6.00"), rented(H200, gb=141, rate="4.00")
    gone = rented("MI300X", gb=192, rate="1.00", stock=Stock.NONE)
    can_be_rented(configure, SPOT, smaller, dear, cheap, gone)
    ana = person()
    job_id = failed(ana, "out_of_memory", preset="aggressive")

    steps = offered(ana, job_id)

    assert list(steps)[:2] == [Step.LOWER_RANK, Step.LARGER_GPU]
    assert Step.SMALLER_BATCH not in steps
    assert steps[Step.LOWER_RANK].label == "Lower rank: 32 → 16"
    assert "GB less memory" in steps[Step.LOWER_RANK].explained
    assert steps[Step.LARGER_GPU].label == "Larger GPU: H200 SXM, spot"
    assert drafted(ana, job_id, Step.LARGER_GPU).offer_key == cheap.key
    lower = drafted(ana, job_id, Step.LOWER_RANK)
    assert (lower.hyperparameters.r, lower.hyperparameters.lora_alpha) == (16, 32)


def test_on_demand_is_offered_with_the_difference_of_the_two_estimates(
    installation: str, configure: Make, person: Make, failed: Make
) -> None:
    can_be_rented(configure, SPOT, ON_DEMAND)
    ana = person()
    job_id = failed(ana, "recoveries_exhausted", "Interrupted, and 3 attempts did not do.")

    step = offered(ana, job_id)[Step.ON_DEMAND]

    new = next_steps.take(ana, job_id, Step.ON_DEMAND)
    assessed = assess(drafts.load(ana, new))
    spot = assessed.of(SPOT.key)
    assert assessed.estimate and spot and spot.estimate
    assert assessed.draft.offer_key == ON_DEMAND.key
    assert step.difference == assessed.estimate.total - spot.estimate.total > 0
    assert step.text.startswith("Start on demand instead: +$")
    assert row(new).status == "pending_configuration"


@pytest.mark.parametrize(
    "others", [(), (rented(tier=Tier.ON_DEMAND, rate="7.99", stock=Stock.NONE),)]
)
def test_on_demand_that_cannot_be_had_is_not_offered(
    installation: str, configure: Make, person: Make, failed: Make, others: Any
) -> None:
    can_be_rented(configure, SPOT, *others)
    ana = person()
    assert Step.ON_DEMAND not in offered(ana, failed(ana, "no_capacity"))
    assert Step.ON_DEMAND not in offered(ana, failed(ana, "no_capacity", tier="on_demand"))


def test_a_bad_conversation_is_named_with_the_way_to_it(
    person: Make, training_file: Make, failed: Make
) -> None:
    ana = person()
    file = training_file(actor=ana)
    lines = storage.sequences_file(file.storage_key).read_text().splitlines()
    named = json.loads(lines[6])["id"]
    message = f"Conversation {named!r} has 9,000 tokens, and at most 8,192 fit."
    job_id = failed(ana, "sequence_too_long", message, file=file)

    step = offered(ana, job_id)[Step.SEE_CONVERSATION]

    assert step.label == "Read conversation 7"
    assert named in step.explained
    assert step.link == f"/dataset?file={file.id}&conversation=7"
    with pytest.raises(ValueError, match="makes no draft"):
        next_steps.take(ana, job_id, Step.SEE_CONVERSATION)
    unknown = failed(ana, "bad_data", "Conversation 'nobody' cannot be written.", file=file)
    assert Step.SEE_CONVERSATION not in offered(ana, unknown)


def test_an_admin_tops_up_and_others_write_to_one(
    installation: str, person: Make, failed: Make
) -> None:
    ana = person()
    alone = failed(ana, "no_balance")
    assert Step.TOP_UP not in offered(ana, alone)  # there is nobody to write to
    root = person("admin", name="Root", email="root@example.com")

    assert offered(root, alone)[Step.TOP_UP].link == BILLING
    step = offered(ana, alone)[Step.TOP_UP]
    assert (step.label, "Root (root@example.com)" in step.explained) == ("Write to an admin", True)
    assert step.link is not None
    assert step.link.startswith("mailto:root@example.com?subject=")
    assert f"/training-jobs/{alone}" in unquote(step.link)
    assert offered(root, failed(ana, "image_not_found"))[Step.ADMIN].link == "/status"


def test_more_data_centres_are_a_step_where_they_are_limited(
    installation: str, configure: Make, person: Make, failed: Make
) -> None:
    root = person("admin")
    job_id = failed(root, "no_capacity")
    assert Step.DATA_CENTER not in offered(root, job_id)
    configure(RUNPOD_DATA_CENTERS="EU-RO-1")
    assert "RUNPOD_DATA_CENTERS" in offered(root, job_id)[Step.DATA_CENTER].explained


def test_rehearsing_takes_this_machine_and_nothing_else_is_changed(
    person: Make, failed: Make
) -> None:
    ana = person()
    job_id = failed(ana, "stuck")
    draft = drafted(ana, job_id, Step.REHEARSE)
    assert (draft.offer_key, draft.overrides) == (LOCAL_KEY, {})
    assert Step.REHEARSE not in offered(ana, failed(ana, "stuck", engine="local", tier="local"))


def test_a_job_goes_on_from_its_checkpoint_for_who_may_change_it(
    person: Make, failed: Make
) -> None:
    ana, boss = person(), person("manager")
    progress = {"checkpoint_step": 300, "steps_total": 400, "step": 312}
    job_id = failed(ana, "disk_full", progress=progress)
    assert Step.GO_ON not in offered(ana, job_id)  # what lay on the machine is gone with it
    with transaction() as connection:
        run_results.put(connection, job_id, 1, Result("checkpoint-300.tar", 1, "0" * 64, 300))
    assert offered(ana, job_id)[Step.GO_ON].label == "Go on from step 300"
    assert Step.GO_ON not in offered(boss, job_id)
    draft = drafted(ana, job_id, Step.GO_ON)
    assert draft.continues == str(job_id)
    assert Step.GO_ON not in offered(ana, job_id)  # it is continued already


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_job_that_went_well_or_was_cancelled_has_no_steps(
    person: Make, training_file: Make, status: str
) -> None:
    ana = person()
    job_id = insert_past_job(ana, training_file(actor=ana), status=status)
    assert next_steps.offered(ana, job_id) == ()
    with pytest.raises(Refusal, match="not offered any more"):
        next_steps.take(ana, job_id, Step.RETRY)


def test_a_waiting_job_may_wait_on_be_cancelled_or_start_on_demand(
    installation: str, configure: Make, person: Make, training_file: Make
) -> None:
    can_be_rented(configure, SPOT, ON_DEMAND)
    ana, boss = person(), person("manager")
    job_id = waiting_job(ana, training_file(actor=ana), "no_capacity", "no_capacity")

    steps = offered(ana, job_id)
    assert list(steps) == [Step.ON_DEMAND, Step.KEEP_WAITING, Step.CANCEL]
    assert steps[Step.ON_DEMAND].difference
    assert offered(boss, job_id) == {}  # who may only look cannot cancel it
    new = next_steps.take(ana, job_id, Step.ON_DEMAND)

    old = row(job_id)
    assert (old.status, old.cancel_requested_at is not None) == ("cancelled", True)
    assert (row(new).status, row(new).draft["offer_key"]) == (
        "pending_configuration",
        ON_DEMAND.key,
    )
    with reading() as connection:
        live = select(job_attempts).where(job_attempts.c.ended_at.is_(None))
        assert connection.execute(live).all() == []
        active = select(training_jobs.c.id).where(training_jobs.c.status.in_(ACTIVE))
        assert connection.execute(active).all() == []
        held = select(budget_reservations.c.settled_cost)
        assert connection.scalars(held).all() == [Decimal("0.00")]


def test_a_job_that_found_a_machine_meanwhile_goes_on(
    installation: str, configure: Make, person: Make, training_file: Make
) -> None:
    can_be_rented(configure, SPOT, ON_DEMAND)
    ana = person()
    job_id = waiting_job(ana, training_file(actor=ana), "no_capacity", None)
    assert offered(ana, job_id) == {}
    with pytest.raises(Refusal, match="not offered any more"):
        next_steps.take(ana, job_id, Step.ON_DEMAND)
    with pytest.raises(Refusal, match="found in the meantime"):
        jobs.cancel(ana, job_id, only_while_it_waits=True)
    assert (row(job_id).status, row(job_id).cancel_requested_at) == ("provisioning", None)


def test_a_file_that_will_not_do_leaves_the_waiting_job_alone(
    installation: str, configure: Make, person: Make, training_file: Make
) -> None:
    can_be_rented(configure, SPOT, ON_DEMAND)
    ana = person()
    file = training_file(actor=ana)
    job_id = waiting_job(ana, file, "no_capacity")
    storage.original_file(file.storage_key).write_text("something else")
    with pytest.raises(NotEligible):
        next_steps.take(ana, job_id, Step.ON_DEMAND)
    assert row(job_id).status == "provisioning"


def test_a_provider_that_does_not_answer_is_waited_for(
    installation: str, configure: Make, person: Make, training_file: Make
) -> None:
    can_be_rented(configure, SPOT, ON_DEMAND)
    ana = person()
    job_id = waiting_job(ana, training_file(actor=ana), "not_sent")
    assert list(offered(ana, job_id)) == [Step.KEEP_WAITING, Step.CANCEL]
    jobs.cancel(ana, job_id)
    assert row(job_id).status == "cancelled"  # at once: nothing of it runs
    assert offered(ana, job_id) == {}


def test_only_who_may_cancel_a_waiting_job_gives_it_up(person: Make, training_file: Make) -> None:
    ana, boss = person(), person("manager")
    job_id = waiting_job(ana, training_file(actor=ana), "no_capacity")
    with pytest.raises(NotAllowed):
        jobs.cancel(boss, job_id, only_while_it_waits=True)
