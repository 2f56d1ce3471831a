"""Starting and cancelling: all or nothing, once, within the budget, by those who may."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from lib.db.connection import transaction
from lib.db.tables import budget_audit_log, budget_reservations, job_events, measurements
from lib.domain.draft import change
from lib.domain.job_search import JobQuery
from lib.domain.offers import ON_DEMAND_KEY, SPOT_KEY
from lib.domain.presets import PRESETS
from lib.domain.states import JobStatus
from lib.services import budgets, clients, drafts, job_search, jobs, starting
from lib.services.assessment import assess, measure
from lib.services.drafts import today
from lib.services.errors import NotAllowed, NotFound, Refusal, StartRefused
from lib.services.estimates import Pricing

Make = Callable[..., Any]


def audit_of(job_id: Any) -> list[tuple[str, Decimal | None]]:
    with transaction() as connection:
        rows = connection.execute(
            select(budget_audit_log.c.action_type, budget_audit_log.c.amount)
            .where(budget_audit_log.c.job_id == job_id)
            .order_by(budget_audit_log.c.id)
        )
        return [tuple(row) for row in rows]


def reservation_of(job_id: Any) -> Any:
    with transaction() as connection:
        return connection.execute(
            select(budget_reservations).where(budget_reservations.c.job_id == job_id)
        ).one_or_none()


def refused(code: str, call: Callable[[], Any]) -> str:
    with pytest.raises(StartRefused) as refusal:
        call()
    assert refusal.value.code == code
    return str(refusal.value)


def test_a_start_queues_reserves_and_audits(person: Make, local_draft: Make, start: Make) -> None:
    actor = person(limit="100.00")
    opened = local_draft(actor, cost="10.00")
    start(actor, opened, ip_address="192.0.2.7")
    job = jobs.view(actor, opened.job_id).job
    assert job.status == JobStatus.QUEUED
    assert (job.engine, job.gpu_pricing_tier) == ("local", "local")
    assert (job.estimated_cost_min, job.estimated_cost_max) == (Decimal("8.50"), Decimal("11.50"))
    assert job.configuration["hyperparameters"] == opened.draft.hyperparameters.to_dict()
    assert reservation_of(job.id).amount == Decimal("11.50")
    assert audit_of(job.id) == [("started", Decimal("11.50"))]
    month = budgets.budget_of(actor.id)
    assert (month.spent, month.reserved, month.active_jobs) == (0, Decimal("11.50"), 1)
    assert month.remaining == Decimal("88.50")


def test_a_start_keeps_preset_gpu_and_estimate_by_the_names_of_the_requirements(
    installation: str, person: Make, local_draft: Make, start: Make
) -> None:
    actor = person()
    opened = local_draft(actor, cost="10.00")
    estimates = {key: assess(opened).of(key).estimate for key in (SPOT_KEY, ON_DEMAND_KEY)}
    start(actor, opened)
    job = jobs.view(actor, opened.job_id).job
    assert job.configuration["preset"] == {
        "preset_name": "conservative",
        "preset_config": PRESETS["conservative"].hyperparameters.to_dict(),
        "estimated_duration_hours": "10.000000",
        "estimated_cost_spot": str(estimates[SPOT_KEY].total),
        "estimated_cost_ondemand": str(estimates[ON_DEMAND_KEY].total),
    }
    kept = job.configuration["gpu"]
    assert (kept["gpu_type"], kept["pricing_tier"]) == ("this-machine", "local")
    assert (kept["hourly_rate"], kept["estimated_cost"]) == ("1.00", "10.00")
    assert (kept["interruption_risk_percentage"], kept["checkpoint_enabled"]) == ("0", True)
    assert job.estimated_duration_hours == 10
    assert (job.estimation_algorithm_version, job.estimation_confidence_percentage) == (3, None)
    assert datetime.now(UTC) - job.estimated_at < timedelta(minutes=1)


def test_a_start_that_fails_on_the_way_leaves_nothing(
    installation: str, person: Make, local_draft: Make, start: Make
) -> None:
    actor = person()
    opened = local_draft(actor)
    with transaction() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'no room for audit rows'; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER fail BEFORE INSERT ON budget_audit_log "
                "FOR EACH ROW EXECUTE FUNCTION fail()"
            )
        )
    with pytest.raises(DBAPIError, match="no room for audit rows"):
        start(actor, opened)
    assert jobs.status_of(actor, opened.job_id).status == JobStatus.PENDING_CONFIGURATION
    assert reservation_of(opened.job_id) is None
    with transaction() as connection:
        events = select(job_events.c.kind).where(job_events.c.job_id == opened.job_id)
        assert connection.scalars(events).all() == ["created"]
        connection.execute(text("DROP TRIGGER fail ON budget_audit_log"))
    start(actor, opened)  # nothing is left in the way of the next try
    assert budgets.budget_of(actor.id).active_jobs == 1


def test_within_the_grace_a_start_is_allowed_and_audited_as_such(
    person: Make, local_draft: Make, start: Make
) -> None:
    actor = person(limit="11.00")
    opened = local_draft(actor, cost="10.00")  # at most $11.50, and the ceiling is $12.10
    assessment = start(actor, opened)
    assert "exceed budget by 5% ($11.50 total vs $11.00 limit)" in assessment.decision.message
    assert audit_of(opened.job_id) == [
        ("started_in_grace", Decimal("11.50")),
        ("warning_triggered", Decimal("11.50")),  # the month was empty, and is above 90 % now
    ]
    assert budgets.budget_of(actor.id).remaining == Decimal("-0.50")


def test_above_limit_and_grace_a_start_is_refused_and_audited(
    person: Make, local_draft: Make, start: Make
) -> None:
    actor = person(limit="10.00")
    opened = local_draft(actor, cost="10.00")  # at most $11.50, and the ceiling is $11.00
    message = refused("budget", lambda: start(actor, opened))
    assert message == (
        "Estimated cost ($11.50) exceeds remaining monthly budget ($10.00). Adjust configuration "
        "or increase budget limit."
    )
    assert audit_of(opened.job_id) == [("validation_blocked", Decimal("11.50"))]
    assert reservation_of(opened.job_id) is None
    assert jobs.status_of(actor, opened.job_id).status == JobStatus.PENDING_CONFIGURATION


def test_a_raised_limit_lets_the_same_draft_start(
    person: Make, local_draft: Make, start: Make
) -> None:
    manager, stranger = person(role="manager"), person(role="manager")
    actor = person(limit="10.00", manager=manager)
    opened = local_draft(actor, cost="10.00")
    refused("budget", lambda: start(actor, opened))
    for nobody in (actor, stranger):
        with pytest.raises(NotAllowed):
            budgets.set_limit(nobody, actor.id, Decimal("1000.00"))
    budgets.set_limit(manager, actor.id, Decimal("20.00"))
    start(actor, opened)


def test_what_others_have_spent_takes_nothing_from_a_budget(
    person: Make, local_draft: Make, start: Make
) -> None:
    one, other = person(limit="12.00"), person(limit="12.00")
    start(one, local_draft(one))
    start(other, local_draft(other))
    assert budgets.budget_of(one.id).reserved == Decimal("11.50")


def test_a_changed_draft_is_not_started_with_the_figures_shown_before(
    person: Make, local_draft: Make
) -> None:
    actor = person()
    opened = local_draft(actor)
    shown = assess(opened).digest
    drafts.save(actor, opened, change(opened.draft, today(), overrides={"num_train_epochs": 9}))
    message = refused("changed", lambda: starting.start(actor, opened.job_id, shown))
    assert "has changed since it was shown" in message


def test_a_changed_price_is_shown_again_before_a_start(
    person: Make, local_draft: Make, configure: Make
) -> None:
    actor = person()
    opened = local_draft(actor)
    shown = assess(opened).digest
    configure(LOCAL_HOURLY_RATE="1.50")
    refused("changed", lambda: starting.start(actor, opened.job_id, shown))
    assert assess(opened).estimate.gpu_compute == Decimal("15.00")


def test_a_double_click_starts_one_job(person: Make, local_draft: Make) -> None:
    actor = person()
    opened, barrier = local_draft(actor), Barrier(8)
    shown = assess(opened).digest

    def press(_: int) -> bool:
        barrier.wait()
        try:
            starting.start(actor, opened.job_id, shown)
        except StartRefused as refusal:
            assert refusal.code == "status"
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(press, range(8))) == 1
    assert audit_of(opened.job_id) == [("started", Decimal("11.50"))]


def test_a_rented_offer_can_be_priced_and_not_started_here(
    person: Make, draft: Make, start: Make
) -> None:
    actor = person()
    opened = draft(actor, preset="conservative", offer_key=SPOT_KEY)
    assert assess(opened).estimate.total > 0
    assert "RunPod is not connected" in refused("offer", lambda: start(actor, opened))


def test_a_draft_with_a_bad_name_is_not_started(
    person: Make, local_draft: Make, start: Make
) -> None:
    actor = person()
    opened = local_draft(actor)
    renamed = drafts.save(actor, opened, change(opened.draft, today(), name="ab"))
    assert "between 3 and 100" in refused("fields", lambda: start(actor, renamed))


def test_aggressive_is_not_started_while_it_is_locked(
    person: Make, draft: Make, local_draft: Make, start: Make
) -> None:
    actor = person()
    opened = local_draft(actor)
    harder = drafts.save(actor, opened, change(opened.draft, today(), preset="aggressive"))
    assert "Unlock after 3" in refused("preset", lambda: start(actor, harder))


def test_an_unmeasured_configuration_is_measured_once_and_waited_for(
    person: Make, draft: Make, start: Make
) -> None:
    actor = person()
    opened = draft(actor, offer_key="local/this-machine/local")
    for _ in range(3):
        assessed = assess(opened)
        assert assessed.priced.status is Pricing.MEASURING
        assert assessed.estimate is None
    with transaction() as connection:
        asked = select(measurements).where(
            measurements.c.request["training_file_id"].astext == str(opened.file.id)
        )
        (row,) = connection.execute(asked).all()
    assert row.status == "pending"
    refused("measuring", lambda: start(actor, opened))


def test_another_batch_size_is_another_measurement_and_more_epochs_are_not(
    installation: str, person: Make, local_draft: Make
) -> None:
    actor = person()
    opened = local_draft(actor, cost="10.00")
    for overrides, total in (({"num_train_epochs": 4}, "20.00"), ({"num_train_epochs": 1}, "5.00")):
        opened = drafts.save(actor, opened, change(opened.draft, today(), overrides=overrides))
        assert assess(opened).estimate.total == Decimal(total)  # the preset has two epochs
    batch = {"per_device_train_batch_size": 1}
    opened = drafts.save(actor, opened, change(opened.draft, today(), overrides=batch))
    assert assess(opened).priced.status is Pricing.MEASURING


def test_a_failed_measurement_says_why_and_can_be_asked_for_again(
    person: Make, draft: Make, start: Make
) -> None:
    actor = person()
    opened = draft(actor, offer_key="local/this-machine/local")
    assess(opened)
    ours = measurements.c.request["training_file_id"].astext == str(opened.file.id)
    with transaction() as connection:
        connection.execute(
            measurements.update().where(ours).values(status="failed", error="The disk is full.")
        )
    assert assess(opened).priced.status is Pricing.FAILED
    assert refused("measuring", lambda: start(actor, opened)) == "The disk is full."
    measure(opened)
    assert assess(opened).priced.status is Pricing.MEASURING


def test_cancelling_a_waiting_job_settles_it_once(
    person: Make, local_draft: Make, start: Make
) -> None:
    actor = person()
    opened, barrier = local_draft(actor), Barrier(4)
    start(actor, opened)

    def cancel(_: int) -> bool:
        barrier.wait()
        try:
            jobs.cancel(actor, opened.job_id)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(cancel, range(4))) == 1
    assert jobs.status_of(actor, opened.job_id).status == JobStatus.CANCELLED
    assert reservation_of(opened.job_id).settled_cost == 0
    assert audit_of(opened.job_id) == [("started", Decimal("11.50")), ("settled", Decimal("0.00"))]
    assert budgets.budget_of(actor.id).remaining == budgets.budget_of(actor.id).limit


def test_cancelling_a_running_job_asks_the_worker_once(
    person: Make, local_draft: Make, start: Make
) -> None:
    actor = person()
    opened = local_draft(actor)
    start(actor, opened)
    with transaction() as connection:
        connection.execute(
            text("UPDATE training_jobs SET status = 'provisioning' WHERE id = :id"),
            {"id": opened.job_id},
        )
    jobs.cancel(actor, opened.job_id)
    jobs.cancel(actor, opened.job_id)
    view = jobs.view(actor, opened.job_id)
    assert view.job.status == JobStatus.PROVISIONING
    assert view.job.cancel_requested_at is not None
    assert [event.kind for event in view.events].count("cancel") == 1
    assert reservation_of(opened.job_id).settled_at is None


def test_a_draft_is_discarded_and_not_cancelled(person: Make, draft: Make) -> None:
    actor = person()
    with pytest.raises(Refusal, match="discard the draft"):
        jobs.cancel(actor, draft(actor).job_id)


def test_the_jobs_of_others_are_not_found_by_analysts(
    person: Make, local_draft: Make, start: Make
) -> None:
    actor, stranger = person(), person()
    opened = local_draft(actor)
    shown = assess(opened).digest
    for call in (
        lambda: jobs.view(stranger, opened.job_id),
        lambda: jobs.status_of(stranger, opened.job_id),
        lambda: starting.start(stranger, opened.job_id, shown),
        lambda: jobs.cancel(stranger, opened.job_id),
        lambda: jobs.view(stranger, uuid4()),
    ):
        with pytest.raises(NotFound):
            call()
    assert opened.job_id not in {job.id for job in job_search.search(stranger, JobQuery()).rows}
    with pytest.raises(NotAllowed):
        budgets.overview(stranger, actor.id)


def test_the_jobs_of_others_are_seen_by_those_who_manage(
    person: Make, local_draft: Make, start: Make
) -> None:
    actor, manager = person(), person(role="manager")
    opened = local_draft(actor)
    start(actor, opened)
    assert jobs.view(manager, opened.job_id).job.creator_email == actor.email
    assert opened.job_id in {job.id for job in job_search.search(manager, JobQuery()).rows}
    overview = budgets.overview(manager, actor.id)
    assert [job.id for job in overview.jobs] == [opened.job_id]
    assert overview.jobs[0].reserved == Decimal("11.50")


def test_a_manager_starts_on_the_budget_of_the_one_whose_job_it_is(
    person: Make, local_draft: Make, start: Make
) -> None:
    manager = person(role="manager", limit="0.00")
    actor = person(limit="100.00", manager=manager)
    opened = local_draft(actor)
    start(manager, opened)
    assert budgets.budget_of(actor.id).reserved == Decimal("11.50")
    assert budgets.budget_of(manager.id).reserved == 0


def test_another_manager_may_look_at_the_job_and_not_start_it(
    person: Make, local_draft: Make, start: Make
) -> None:
    opened = local_draft(person(limit="100.00"))
    stranger = person(role="manager")
    assert drafts.load(stranger, opened.job_id).draft == opened.draft
    with pytest.raises(NotAllowed, match="their manager or an admin"):
        start(stranger, opened)


def test_a_waiting_job_knows_how_many_come_before_it(
    installation: str, person: Make, local_draft: Make, start: Make
) -> None:
    actor = person()
    first, second = local_draft(actor), local_draft(actor)
    start(actor, first)
    start(actor, second)
    assert jobs.view(actor, first.job_id).jobs_ahead == 0
    assert jobs.view(actor, second.job_id).jobs_ahead == 1


def test_clients_and_projects_are_made_once(person: Make, local_draft: Make, start: Make) -> None:
    actor = person()
    for _ in range(2):
        opened = local_draft(actor)
        details = {"client": " Acme ", "project": "Q4"}
        start(actor, drafts.save(actor, opened, change(opened.draft, today(), **details)))
        job = jobs.view(actor, opened.job_id).job
        assert (job.client_name, job.project_name) == ("Acme", "Q4")
    assert clients.known()["Acme"] == ["Q4"]
