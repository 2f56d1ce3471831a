"""Learning from finished runs: evidence, refits that only replace what is no better, the cards."""

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Row, func, select, update

from lib.db.connection import reading, transaction
from lib.db.tables import activity_log, calibrations, job_attempts, training_files
from lib.domain.calibration import Place
from lib.domain.people import Person
from lib.domain.presets import PRESETS
from lib.services import calibration
from lib.services.calibration import card_workload
from lib.services.errors import NotAllowed, Refusal
from tests.services.refitting_together import refit as refit_in_a_process

Make = Callable[..., Any]
HERE = Place("local", "this-machine", "tiny")
RENTED = Place("runpod", "H100_PCIE_80GB", "70b")
SIZES = (20, 40, 80)


@pytest.fixture
def people(installation: str, person: Make) -> dict[str, Person]:
    return {role: person(role=role) for role in ("analyst", "manager", "admin", "owner")}


@pytest.fixture
def files(people: dict[str, Person], training_file: Make) -> list[Row]:
    """Files of three sizes, their tokens counted."""
    made = [training_file(conversations=size, actor=people["analyst"]) for size in SIZES]
    with transaction() as connection:
        for file in made:
            tokens = {"tokens_total": 36 * file.training_pairs}
            connection.execute(
                update(training_files).where(training_files.c.id == file.id).values(tokens=tokens)
            )
    return made


@pytest.fixture
def finish(people: dict[str, Person], files: list[Row], past_job: Make) -> Make:
    """`finish(6)`: so many runs on this machine, 5 s and the pairs over a pace, presets in turn."""

    def make(count: int, pace: float = 100.0, **values: Any) -> None:
        for number in range(count):
            file, preset = files[number % 3], list(PRESETS)[number // 3 % 3]
            epochs = PRESETS[preset].hyperparameters.num_train_epochs
            seconds = 5 + file.training_pairs * epochs / pace
            given = {"engine": "local", "gpu": "this-machine", "tier": "local"} | values
            hours = Decimal(round(seconds / 3600, 9))
            given.setdefault("actual_hours", hours)
            past_job(people["analyst"], file=file, preset=preset, **given)

    return make


def rows() -> list[Row]:
    with reading() as connection:
        return list(
            connection.execute(select(calibrations).order_by(calibrations.c.revision)).all()
        )


def predicted(place: Place, preset: str = "balanced") -> Any:
    with reading() as connection:
        active = calibration.active(connection)
    return active.predict(place, card_workload(preset)) if active else None


def actions() -> list[str]:
    with reading() as connection:
        return list(connection.scalars(select(activity_log.c.action).order_by(activity_log.c.id)))


def test_without_evidence_nothing_is_put_in_use(people: dict[str, Person]) -> None:
    row = calibration.refit(people["manager"])

    assert not row.adopted
    assert "nothing to learn from" in row.reason
    assert predicted(HERE) is None
    calibration.refit_if_due()
    assert len(rows()) == 1


def test_finished_runs_become_the_version_in_use(people: dict[str, Person], finish: Make) -> None:
    finish(9)

    row = calibration.refit(people["manager"])

    assert (row.adopted, row.runs, row.fitted_by) == (True, 9, people["manager"].id)
    assert "the published formula by 100.0 % on average, on 9 runs" in row.reason
    found = predicted(HERE)
    assert (found.runs, found.published) == (9, 0)
    assert found.hours * 3600 == pytest.approx(Decimal("52.01"), rel=Decimal("0.1"))
    assert row.back_test["candidate"]["spread"]["median"] < 0.05
    assert len(row.back_test["left_out"]) == 9
    assert actions()[-1] == "calibration_refit"


def test_only_whole_undisturbed_runs_are_evidence(finish: Make) -> None:
    finish(1, recoveries=1)
    finish(1, status="failed")
    finish(1, actual_hours=Decimal(0))
    hyperparameters = PRESETS["balanced"].hyperparameters.to_dict()
    finish(1, configuration={"hyperparameters": hyperparameters, "max_steps": 5})
    finish(1, configuration={})
    finish(1, configuration={"hyperparameters": hyperparameters, "max_steps": None})

    with reading() as connection:
        (one,) = calibration.evidence(connection)

    assert one.place == HERE  # an older job kept no base model: it is this installation's
    assert one.workload.epochs == 3
    assert one.workload.tokens == 36 * one.workload.training_pairs


def test_the_attempts_own_seconds_are_taken_before_the_rounded_hours(finish: Make) -> None:
    finish(1, actual_hours=Decimal("0.0019"))
    with reading() as connection:
        (one,) = calibration.evidence(connection)
    ended = datetime.now(UTC)
    with transaction() as connection:
        connection.execute(
            job_attempts.insert().values(
                job_id=one.key,
                number=1,
                engine="local",
                external_name="lora-1",
                hourly_rate=0,
                started_at=ended - timedelta(seconds=6.78),
                ended_at=ended,
            )
        )
    with reading() as connection:
        (one,) = calibration.evidence(connection)

    assert one.hours * 3600 == pytest.approx(Decimal("6.78"))


def test_a_refit_that_predicts_worse_is_kept_but_not_put_in_use(
    people: dict[str, Person], finish: Make
) -> None:
    finish(9)
    assert calibration.refit(people["manager"]).adopted
    before = predicted(HERE)
    with transaction() as connection:  # in use is now a version that was right about every run
        (row,) = connection.execute(select(calibrations)).all()
        perfect = {**row.back_test, "left_out": dict.fromkeys(row.back_test["left_out"], 0.0)}
        connection.execute(update(calibrations).values(back_test=perfect))

    row = calibration.refit(people["manager"])

    assert not row.adopted
    assert row.reason.startswith("Not adopted, it predicts worse: off by ")
    assert "the version in use by 0.0 % on average, on 9 runs" in row.reason
    assert predicted(HERE) == before
    assert len(rows()) == 2


def test_new_runs_replace_a_version_that_they_prove_wrong(
    people: dict[str, Person], finish: Make
) -> None:
    finish(6)
    calibration.refit(people["manager"])
    finish(18, pace=20.0)  # the machine has become slower

    row = calibration.refit(people["manager"])

    assert row.adopted
    assert "the version in use by" in row.reason
    assert row.back_test["against"] == 1
    assert predicted(HERE).hours * 3600 == pytest.approx(Decimal("240.05"), rel=Decimal("0.25"))


def test_it_is_due_with_the_first_run_with_twice_as_many_and_after_a_month(finish: Make) -> None:
    def fits() -> int:
        calibration.refit_if_due()
        return len(rows())

    assert fits() == 0
    finish(2)
    assert fits() == 1
    finish(1)
    assert fits() == 1
    finish(1)
    assert fits() == 2
    assert fits() == 2
    with transaction() as connection:
        past = func.now() - timedelta(days=32)
        connection.execute(update(calibrations).values(fitted_at=past))
    assert fits() == 3
    assert [row.fitted_by for row in rows()] == [None] * 3


def test_an_admin_adopts_the_card_durations_and_withdraws_them(people: dict[str, Person]) -> None:
    row = calibration.adopt_cards(people["admin"])

    assert row.adopted
    assert "it rests on 3 published durations" in row.reason
    for name, preset in PRESETS.items():
        least, most = preset.typical.hours
        found = predicted(RENTED, name)
        assert least * Decimal("0.97") <= found.hours <= most * Decimal("1.03")
        assert (found.runs, found.published) == (0, 3)
    seen = calibration.overview(people["analyst"])
    assert seen.cards and seen.cards["name"] == people["admin"].name
    with pytest.raises(Refusal, match="adopted already"):
        calibration.adopt_cards(people["owner"])

    row = calibration.withdraw_cards(people["owner"])

    assert row.adopted
    assert "withdrawn" in row.reason
    assert predicted(RENTED) is None
    assert calibration.overview(people["analyst"]).cards is None
    with pytest.raises(Refusal, match="not adopted"):
        calibration.withdraw_cards(people["owner"])
    assert [action for action in actions() if "card" in action] == [
        "card_durations_adopted",
        "card_durations_withdrawn",
    ]


def test_real_runs_outweigh_adopted_cards(people: dict[str, Person], past_job: Make) -> None:
    calibration.adopt_cards(people["admin"])
    for _ in range(3):
        past_job(people["analyst"], preset="balanced", actual_hours="20")

    row = calibration.refit(people["manager"])

    assert row.adopted
    with reading() as connection:
        run = next(one for one in calibration.evidence(connection) if one.kind == "run")
        active = calibration.active(connection)
    assert active
    found = active.predict(run.place, run.workload)
    assert found and found.hours == pytest.approx(Decimal(20), rel=Decimal("0.1"))
    assert (found.runs, found.published) == (3, 3)


def test_roles_are_checked_where_it_is_done(people: dict[str, Person]) -> None:
    with pytest.raises(NotAllowed):
        calibration.refit(people["analyst"])
    for role in ("analyst", "manager"):
        for action in (calibration.adopt_cards, calibration.withdraw_cards):
            with pytest.raises(NotAllowed):
                action(people[role])
    assert rows() == []
    assert calibration.overview(people["manager"]).may_refit
    assert not calibration.overview(people["manager"]).may_adopt


def test_names_of_jobs_are_for_those_who_may_see_them(
    people: dict[str, Person], finish: Make, person: Make
) -> None:
    finish(2)

    def visible(actor: Person) -> list[bool]:
        return [job.name is not None for job in calibration.compared_jobs(actor)]

    assert visible(people["analyst"]) == [True, True]
    assert visible(person()) == [False, False]
    assert visible(people["manager"]) == [True, True]


def race(actor: Person, *, locked: bool, rounds: int = 4) -> list[Row]:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2, timeout=60)
    processes = [
        context.Process(
            target=refit_in_a_process, args=(actor, rounds, barrier), kwargs={"locked": locked}
        )
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    return rows()


def bases(fits: list[Row]) -> list[int | None]:
    """Against which version each adopted fit was judged."""
    return [row.back_test["against"] for row in fits if row.adopted]


def test_two_refits_at_once_come_one_after_the_other(
    people: dict[str, Person], finish: Make
) -> None:
    finish(6)

    fits = race(people["manager"], locked=True)

    assert len(fits) == 8
    in_use: int | None = None
    for row in fits:
        assert row.back_test["against"] == in_use
        in_use = row.revision if row.adopted else in_use
    assert len(set(bases(fits))) == len(bases(fits))


def test_without_the_lock_two_are_adopted_from_the_same_base(
    people: dict[str, Person], finish: Make
) -> None:
    finish(6)

    fits = race(people["manager"], locked=False, rounds=6)

    assert len(set(bases(fits))) < len(bases(fits))
