"""Whatever people and the worker do, in whatever order: nobody overspends (FR1.2.2).

Hypothesis makes up sequences of starts, overrides, requests, limits, cancellations and endings and
has the real services do them on a database of each sequence's own; after every step the database
must be what `month_model` says.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from lib.db import budgets as budget_queries
from lib.db import connection as db
from lib.db import jobs as job_queries
from lib.db.connection import reading, transaction
from lib.db.tables import (
    budget_audit_log,
    budget_overrides,
    budget_requests,
    budget_reservations,
    training_jobs,
)
from lib.domain.budget import next_month
from lib.domain.people import Person
from lib.domain.requests import MOST_WITHDRAWN, Action, Effective
from lib.domain.states import ACTIVE, TERMINAL, JobStatus
from lib.services import audit, budgets, drafts, jobs, requests, starting
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from lib.services.errors import NotAllowed, Refusal, StartRefused
from lib.services.settlement import end_job
from tests.conftest import Server
from tests.effort import times
from tests.races.drafts_alike import copies_of
from tests.races.month_model import NOTHING, Account, Job

Make = Callable[..., Any]
S = JobStatus
WHY = "The client's demonstration was moved to this week, and nobody else can train it by then."
COSTS = ("0.001", "3.33", "10.00", "40.01")  # the first is free once it is rounded to the cent
LIMITS = st.one_of(
    st.sampled_from([Decimal(f"{n}.00") for n in (0, 20, 50, 60, 100)]),
    st.decimals("0.00", "120.00", places=2),
)
SHARES = st.sampled_from([Decimal(share) for share in ("0.00", "0.50", "1.00", "1.01", "1.40")])
ANSWERS = {
    Action.APPROVE: "limit_increased",
    Action.DENY: "increase_denied",
    None: "increase_withdrawn",
}
_numbers = count(1)


class Months(RuleBasedStateMachine):
    """An analyst and her manager, who have a budget each, and the owner above both."""

    database: ClassVar[Server]
    template: ClassVar[str]
    configure: ClassVar[Make]
    people: ClassVar[dict[str, Person]]
    templates: ClassVar[list[OpenDraft]]

    pressed = Bundle("pressed")
    names = st.sampled_from(["ana", "manager"])

    def __init__(self) -> None:
        super().__init__()
        self.name = f"sequence_{next(_numbers)}"
        db.dispose()
        self.database.execute(f"CREATE DATABASE {self.name} TEMPLATE {self.template}")
        url = self.database.url.set(database=self.name, drivername="postgresql")
        self.configure(DATABASE_URL=url.render_as_string(hide_password=False))
        self.month = budgets.this_month()
        self.accounts = {
            name: Account(person, {self.month: (Decimal("50.00"), Decimal(10))})
            for name, person in self.people.items()
            if name != "owner"
        }

    def teardown(self) -> None:
        db.dispose()
        self.database.execute(f"DROP DATABASE {self.name} WITH (FORCE)")

    def above(self, account: Account) -> Person:
        """Who sets the person's limit and decides what they ask for."""
        return self.people["owner" if account.person.role == "manager" else "manager"]

    # What people do -------------------------------------------------------------------------------

    @rule(target=pressed, name=names, like=st.integers(0, len(COSTS) - 1), override=st.booleans())
    def press_start(self, name: str, like: int, override: bool) -> Job:
        """A new draft is started, or a manager starts it in spite of the budget."""
        account = self.accounts[name]
        (job_id,) = copies_of(self.templates[like], 1, account.person.id)
        job = Job(job_id, account)
        account.jobs.append(job)
        with pytest.raises(StartRefused) as refused:
            starting.start(account.person, job.id, "another price than was shown")
        assert refused.value.code == "changed"
        with pytest.raises(NotAllowed):
            starting.start(self.people["ana"], job.id, "", override=WHY)
        self.start(job, override=override)
        return job

    @rule(job=pressed, override=st.booleans())
    def press_start_again(self, job: Job, override: bool) -> None:
        self.start(job, override=override)

    def start(self, job: Job, *, override: bool) -> None:
        actor = self.people["manager"] if override else job.owner.person
        reason = {"override": WHY} if override else {}
        if job.held is not None:
            with pytest.raises(StartRefused) as refused:
                starting.start(actor, job.id, "whatever was shown", **reason)
            assert refused.value.code == "status"
            return
        shown = assess(drafts.load(actor, job.id))
        assert shown.estimate is not None
        if job.owner.start(job, shown.estimate.cost_max, self.month, overriding=override):
            starting.start(actor, job.id, shown.digest, **reason)
            return
        with pytest.raises(StartRefused) as refused:
            starting.start(actor, job.id, shown.digest)
        assert refused.value.code == "budget"

    @rule(job=pressed)
    def cancel(self, job: Job) -> None:
        if job.status not in ACTIVE:
            with pytest.raises(Refusal):
                jobs.cancel(job.owner.person, job.id)
            return
        jobs.cancel(job.owner.person, job.id)
        if job.status is S.QUEUED:
            job.owner.end(job, S.CANCELLED, NOTHING)
        else:
            job.cancelling = True

    @rule(
        name=names, limit=LIMITS, grace=st.sampled_from([None, 0, 5, 10, 25]), later=st.booleans()
    )
    def set_limit(self, name: str, limit: Decimal, grace: int | None, later: bool) -> None:
        account = self.accounts[name]
        month = next_month(self.month) if later else self.month
        percent = account.limit(month)[1] if grace is None else Decimal(grace)
        budgets.set_limit(
            self.above(account),
            account.person.id,
            limit,
            month=month,
            grace_percent=None if grace is None else percent,
        )
        account.limits[month] = (limit, percent)
        account.log["limit_set"] += 1

    @rule(name=names, limit=LIMITS, when=st.sampled_from(list(Effective)))
    def ask(self, name: str, limit: Decimal, when: Effective) -> None:
        account = self.accounts[name]
        month = when.month(self.month)
        send = {"new_limit": str(limit), "justification": WHY, "from_month": when}
        if account.asked is not None:
            with pytest.raises(Refusal, match="You have asked already"):
                requests.ask(account.person, **send)
        elif limit <= account.limit(month)[0]:
            with pytest.raises(ValueError, match="must be above the current limit"):
                requests.ask(account.person, **send)
        elif account.log["increase_withdrawn"] >= MOST_WITHDRAWN:
            with pytest.raises(Refusal, match="withdrawn 5 requests within a day"):
                requests.ask(account.person, **send)
        else:
            account.asked = requests.ask(account.person, **send), limit, month
            account.log["increase_requested"] += 1

    @precondition(lambda self: any(account.asked for account in self.accounts.values()))
    @rule(action=st.sampled_from([*Action, None]))
    def answer(self, action: Action | None) -> None:
        """What was asked first is approved, denied or withdrawn."""
        account = next(account for account in self.accounts.values() if account.asked)
        assert account.asked is not None
        request_id, limit, month = account.asked
        before, grace = account.limit(month)
        with pytest.raises(Refusal):
            requests.decide(account.person, request_id, Action.APPROVE)
        if action is Action.APPROVE and limit <= before:
            with pytest.raises(Refusal, match="raised in the meantime"):
                requests.decide(self.above(account), request_id, action)
            return
        if action is None:
            requests.withdraw(account.person, request_id)
        else:
            requests.decide(self.above(account), request_id, action, "As discussed.")
        if action is Action.APPROVE:
            account.limits[month] = (limit, grace)
        account.asked = None
        account.log[ANSWERS[action]] += 1
        with pytest.raises(Refusal, match="already"):
            requests.decide(self.above(account), request_id, Action.DENY, "Once more.")

    # What the worker does -------------------------------------------------------------------------

    @rule(job=pressed, share=SHARES)
    def run(self, job: Job, share: Decimal) -> None:
        """The job comes to run and has cost a share of its reservation, or more than it."""
        if job.status not in ACTIVE:
            return
        cost = max(job.cost, (job.held * share).quantize(Decimal("0.01")))
        with transaction() as connection:
            for state in (S.PROVISIONING, S.STARTING, S.RUNNING):
                row = job_queries.lock(connection, job.id)
                if job.status is S.QUEUED:
                    job_queries.transition(connection, row, state, f"Now {state}")
            job_queries.write(connection, job.id, actual_cost=cost)
        job.status = S.RUNNING
        job.costs(cost)

    @rule(job=pressed, share=SHARES, to=st.sampled_from([S.COMPLETED, S.FAILED]))
    def end(self, job: Job, share: Decimal, to: JobStatus) -> None:
        """The job ends; a second worker that read it before comes too late."""
        if job.status is not S.RUNNING:
            return
        to = S.CANCELLED if job.cancelling else to
        cost = (job.held * share).quantize(Decimal("0.01"))
        with transaction() as connection:
            row = job_queries.lock(connection, job.id)
            end_job(connection, row, to, "Ended", cost)
        job.owner.end(job, to, cost)
        with pytest.raises(job_queries.StaleState), transaction() as connection:
            end_job(connection, row, to, "Ended once more", cost + 1)

    # What must hold after every step --------------------------------------------------------------

    @invariant()
    def nobody_overspends(self) -> None:
        for account in self.accounts.values():
            with reading() as connection:
                found = budget_queries.snapshot(connection, account.person.id, self.month)
            assert found.spent == account.spent
            assert found.spent + found.reserved == account.committed
            assert (found.limit, found.grace_percent) == account.limit(self.month)
            assert found.spent + found.reserved <= account.bound
            assert found.active_jobs == sum(job.status in ACTIVE for job in account.jobs)

    @invariant()
    def the_ledger_is_the_sum_of_the_jobs(self) -> None:
        held, job = budget_reservations.c, training_jobs.c
        with reading() as connection:
            rows = connection.execute(
                select(job.status, job.actual_cost, job.created_by, job.budget_month, held)
                .outerjoin(budget_reservations, held.job_id == job.id)
                .where(job.queued_at.is_not(None))
            ).all()
            reservations = connection.scalar(select(func.count()).select_from(budget_reservations))
        started = [
            job
            for account in self.accounts.values()
            for job in account.jobs
            if job.held is not None
        ]
        assert len(rows) == reservations == len(started)
        for row in rows:
            assert (row.user_id, row.month) == (row.created_by, row.budget_month)
            assert (row.settled_at is not None) == (row.status in TERMINAL)
            assert row.settled_cost == (row.actual_cost if row.status in TERMINAL else None)

    @invariant()
    def every_decision_is_recorded_once(self) -> None:
        log, override, request = budget_audit_log.c, budget_overrides.c, budget_requests.c
        with reading() as connection:
            found = Counter(
                (row.user_id, row.action_type)
                for row in connection.execute(select(log.user_id, log.action_type))
            )
            overrides = Counter(
                connection.execute(select(override.user_id, override.override_amount)).tuples()
            )
            pending = set(connection.scalars(select(request.id).where(request.status == "pending")))
        accounts = self.accounts.values()
        assert found == Counter(
            {
                (one.person.id, action): times
                for one in accounts
                for action, times in one.log.items()
            }
        )
        assert overrides == Counter(
            (one.person.id, amount) for one in accounts for amount in one.overrides
        )
        assert pending == {one.asked[0] for one in accounts if one.asked}

    @invariant()
    def the_audit_log_is_whole(self) -> None:
        verified = audit.verify(self.people["owner"])
        assert verified.intact, verified.reason
        assert verified.rows == sum(one.log.total() for one in self.accounts.values())


def test_nobody_overspends_whatever_happens_in_whatever_order(
    database: Server, installation: str, configure: Make, person: Make, local_draft: Make
) -> None:
    owner = person(role="owner", limit="50.00")
    manager = person(role="manager", limit="50.00")
    ana = person(limit="50.00", manager=manager)
    Months.database, Months.configure = database, staticmethod(configure)
    Months.template = installation.rsplit("/", 1)[1].partition("?")[0]
    Months.people = {"owner": owner, "manager": manager, "ana": ana}
    Months.templates = [local_draft(ana, cost=cost) for cost in COSTS]
    run_state_machine_as_test(
        Months,
        settings=settings(
            max_examples=times(20),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
