"""Learning from finished runs: evidence, refits, and the card durations an admin may adopt.

Every fit is stored with its back-test. It is put in use only where it predicts no worse than what
is in use, each on runs that it had not seen (lib/domain/accuracy.py). Source: FR1.2.1.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from lib.db import activity, calibrations
from lib.db.connection import reading, transaction
from lib.domain.accuracy import ComparedJob, Fitted, back_test, judge
from lib.domain.calibration import PUBLISHED, Calibration, Evidence, Place, Workload
from lib.domain.estimate import published_hours
from lib.domain.offers import H100_PCIE, RUNPOD_ENGINE
from lib.domain.people import MANAGING, Person, Role
from lib.domain.presets import PRESETS
from lib.engines.configuration import RENTED_BASE_MODEL, base_model_of
from lib.services.errors import NotAllowed, Refusal
from lib.services.visibility import may_see

TASK = "calibration"  # the periodic task's name
CARD_CONVERSATIONS, CARD_PAIRS = 242, 1_567  # the example that FR1.1.2's durations are printed for
_ADOPTING = frozenset({Role.ADMIN, Role.OWNER})


@dataclass(frozen=True)
class Overview:
    """All that the Accuracy page shows of the calibration; fits newest first."""

    active: Row | None
    fits: list[Row]
    runs: int
    cards: dict[str, Any] | None
    may_refit: bool
    may_adopt: bool


def active(connection: Connection) -> Calibration | None:
    """The version in use, None while nothing has been adopted. One small query."""
    model = calibrations.model_in_use(connection)
    return Calibration.from_dict(model) if model else None


def evidence(connection: Connection) -> list[Evidence]:
    """What finished runs took, and the published card durations where an admin adopted them."""
    found = [_run(row) for row in calibrations.finished_runs(connection)]
    return found + (card_evidence() if calibrations.cards(connection) else [])


def card_evidence() -> list[Evidence]:
    """The middle of each preset's published duration (FR1.1.2), for the H100 and a 70B model."""
    place = Place(RUNPOD_ENGINE, H100_PCIE, RENTED_BASE_MODEL)
    return [
        Evidence(place, card_workload(name), Decimal(sum(preset.typical.hours)) / 2, PUBLISHED)
        for name, preset in PRESETS.items()
    ]


def card_workload(preset: str) -> Workload:
    """The example that the card's duration is printed for."""
    epochs = PRESETS[preset].hyperparameters.num_train_epochs
    hours = published_hours(CARD_PAIRS, preset, epochs)
    return Workload(CARD_CONVERSATIONS, CARD_PAIRS, None, preset, epochs, hours)


def refit(actor: Person | None) -> Row:
    """Fits all evidence and stores the fit, adopted or not; without an actor it is the task's.

    Fits come one after the other, however many ask at once. Raises NotAllowed for an analyst.
    """
    if actor and actor.role not in MANAGING:
        raise NotAllowed("Only managers, admins and the owner refit the estimates.")
    with transaction() as connection:
        calibrations.lock(connection)
        return _refit(connection, actor)


def refit_if_due() -> None:
    """Refits a month after the last fit, or once there are twice as many runs as it had."""
    with transaction() as connection:
        calibrations.lock(connection)
        runs, last = calibrations.count_runs(connection), calibrations.newest(connection)
        if last is None:
            due = runs > 0
        else:
            due = runs >= max(1, 2 * last.runs) or (last.due and (runs > 0 or last.runs > 0))
        if due:
            _refit(connection, None)


def adopt_cards(actor: Person) -> Row:
    """Takes the published card durations for evidence, and refits. Raises NotAllowed, Refusal."""
    _check_may_adopt(actor)
    with transaction() as connection:
        calibrations.lock(connection)
        if calibrations.cards(connection):
            raise Refusal("The published card durations have been adopted already.")
        facts = {"name": actor.name, "at": datetime.now(UTC).isoformat()}
        calibrations.adopt_cards(connection, actor.id, facts)
        activity.record(connection, "card_durations_adopted", actor_id=actor.id)
        return _refit(connection, actor)


def withdraw_cards(actor: Person) -> Row:
    """Drops them again, and refits: what rests on them ends at once. Raises NotAllowed, Refusal."""
    _check_may_adopt(actor)
    with transaction() as connection:
        calibrations.lock(connection)
        if not calibrations.cards(connection):
            raise Refusal("The published card durations are not adopted.")
        calibrations.withdraw_cards(connection)
        activity.record(connection, "card_durations_withdrawn", actor_id=actor.id)
        return _refit(connection, actor)


def overview(actor: Person) -> Overview:
    """The version in use, all fits, and what the actor may do about them."""
    with reading() as connection:
        fits = list(calibrations.everything(connection))
        return Overview(
            active=next((fit for fit in fits if fit.adopted), None),
            fits=fits,
            runs=calibrations.count_runs(connection),
            cards=calibrations.cards(connection),
            may_refit=actor.role in MANAGING,
            may_adopt=actor.role in _ADOPTING,
        )


def compared_jobs(actor: Person) -> list[ComparedJob]:
    """Everybody's finished jobs, newest first; a name only where the actor may see the job."""
    with reading() as connection:
        rows = calibrations.compared_jobs(connection)
    return [
        ComparedJob(
            name=job.name if may_see(actor, job) else None,
            place=job.gpu_title or job.gpu_type,
            preset=job.preset,
            estimated=job.estimated,
            actual=job.actual,
            ended_at=job.ended_at,
        )
        for job in rows
    ]


def _refit(connection: Connection, actor: Person | None) -> Row:
    from lib.domain.calibration_fit import fit  # numpy is slow to import, and needed once a month

    found = evidence(connection)
    runs = [one for one in found if one.kind != PUBLISHED]
    before = calibrations.active(connection)
    in_use = _fitted(before) if before else None
    fitted = fit(found)
    test = back_test(runs, fitted, in_use)
    verdict = judge(test, fitted.calibration, in_use.calibration if in_use else None)
    row = calibrations.add(
        connection,
        fitted_by=actor.id if actor else None,
        model=fitted.calibration.to_dict(),
        back_test={
            **asdict(test),
            "against": before.revision if before else None,
            "left_out": fitted.left_out,
        },
        runs=len(runs),
        adopted=verdict.adopted,
        reason=verdict.reason,
    )
    activity.record(
        connection,
        "calibration_refit",
        actor_id=actor.id if actor else None,
        subject=str(row.revision),
        details={"adopted": verdict.adopted, "runs": len(runs)},
    )
    return row


def _fitted(row: Row) -> Fitted:
    return Fitted(Calibration.from_dict(row.model), row.back_test["left_out"])


def _run(row: Row) -> Evidence:
    base_model = row.base_model or base_model_of(row.engine)  # older jobs did not keep it
    workload = Workload(
        conversations=row.conversation_count,
        training_pairs=row.training_pairs,
        tokens=row.tokens,
        preset=row.preset,
        epochs=row.epochs,
        published_hours=published_hours(row.training_pairs, row.preset, row.epochs),
    )
    place = Place(row.engine, row.gpu_type, base_model)
    return Evidence(place, workload, Decimal(row.hours), key=str(row.id))


def _check_may_adopt(actor: Person) -> None:
    if actor.role not in _ADOPTING:
        raise NotAllowed("Only an admin or the owner adopts or withdraws the card durations.")
