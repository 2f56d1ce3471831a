"""Six months of work: who started what when, at which estimate, within which budget, how it went.

Estimates are those of their time, by the published formula and by measured steps. What runs really
take follows a law of its own, with noise, for the calibration to find.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import Row

from lib.demo import cast
from lib.demo.course import draw_course, draw_fate
from lib.demo.past import Ledger, PastJobs
from lib.demo.past_job import PastJob, Words
from lib.domain.budget import Budget, decide
from lib.domain.draft import Draft, with_auto_name
from lib.domain.estimate import Estimate, measured_estimate, published_estimate
from lib.domain.history import History
from lib.domain.measurement import Measurement
from lib.domain.offers import LOCAL_KEY, ON_DEMAND_KEY, SPOT_KEY, Offer, local_offer
from lib.domain.offers import published_offers as rented_offers
from lib.domain.people import Person, Role
from lib.domain.presets import PRESETS, default_preset, preset_locked
from lib.domain.spending_cap import allowance
from lib.domain.states import JobStatus
from lib.services.assessment import Assessment
from lib.services.estimates import Past, Priced, Pricing
from lib.settings import settings

DAYS = 182
#: Log of actual over published hours on rented GPUs, and how much two runs of a kind differ.
TRUTH: Mapping[str, float] = MappingProxyType(
    {"conservative": -0.07, "balanced": -0.15, "aggressive": -0.24}
)
TRUTH_BY_SIZE, USUAL_PAIRS, NOISE = -0.06, 700, 0.06
#: Tokens a second here, before what other programs take.
_SPEED: Mapping[str, int] = MappingProxyType(
    {"conservative": 2100, "balanced": 1650, "aggressive": 1400}
)
_OFFERS: Mapping[str, int] = MappingProxyType({SPOT_KEY: 46, ON_DEMAND_KEY: 16, LOCAL_KEY: 38})
_BUSY: Mapping[Role, float] = MappingProxyType(
    {Role.ANALYST: 4.0, Role.MANAGER: 1.5, Role.ADMIN: 1.0, Role.OWNER: 0.7}
)
_OVERRIDES = 0.1  # of starts that the budget refuses


class Simulation:
    """Walks through the days before `now`; the same seed, people and files give the same jobs."""

    def __init__(
        self,
        seed: int,
        people: Sequence[Person],
        managers: Mapping[UUID, Person],
        files: Sequence[Row],
        ledger: Ledger,
        now: datetime,
    ) -> None:
        self._dice = random.Random(f"jobs:{seed}")  # noqa: S311 - not for secrets
        self._people, self._managers, self._files = people, managers, files
        self._ledger, self._past, self._now = ledger, PastJobs(), now
        self._offers = {one.key: one for one in rented_offers()}
        self._offers[LOCAL_KEY] = local_offer(settings().local_hourly_rate)
        self._free_from = {file.id: now - timedelta(days=2 * DAYS) for file in files}

    def jobs(self, count: int) -> Iterator[PastJob]:
        """About so many jobs, in the order of their starts; those that would still run are not."""
        moments = sorted(self._moment() for _ in range(count))
        weights = [_BUSY[person.role] for person in self._people]
        for moment in moments:
            person = self._dice.choices(self._people, weights)[0]
            job = self._job(person, self._free_file(moment), moment)
            if job is not None:
                self._remember(job)
                yield job

    def _moment(self) -> datetime:
        """In working hours, on some weekends too."""
        while True:
            day = self._now - timedelta(days=self._dice.randrange(DAYS))
            hour = self._dice.triangular(6.5, 20.0, 10.5)
            if day.weekday() >= 5 and self._dice.random() < 0.8:
                continue
            midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
            moment = midnight + timedelta(hours=hour)
            if moment < self._now - timedelta(minutes=30):
                return moment

    def _free_file(self, moment: datetime) -> Row:
        """One that no job uses; only in very many jobs is there none, and then the next to be."""
        free = [file for file in self._files if self._free_from[file.id] <= moment]
        if free:
            return self._dice.choice(free)
        return min(self._files, key=lambda file: self._free_from[file.id])

    def _job(self, person: Person, file: Row, moment: datetime) -> PastJob | None:
        first, words = self._draft(person, file, moment)
        refused, override, starter = None, None, person
        for draft in self._cheaper_and_cheaper(first):
            assessment = self._assess(person, draft, file, moment)
            assert assessment.decision is not None
            if not assessment.decision.allowed:
                refused = refused or assessment
                if person.id not in self._managers or self._dice.random() >= _OVERRIDES:
                    continue
                starter = self._managers[person.id]
                override = self._dice.choice(cast.OVERRIDE_REASONS)
            job = self._run(person, starter, assessment, refused, override, words, moment)
            if job.ended_at < self._now:
                return job
            override, starter = None, person  # it would still run: something shorter instead
        return None

    def _draft(self, person: Person, file: Row, moment: datetime) -> tuple[Draft, Words]:
        dice = self._dice
        preset = default_preset(file.conversation_count)
        if dice.random() < 0.35:
            preset = dice.choice(list(PRESETS))
        completed = self._ledger.completed(person.id)
        if preset == "aggressive" and preset_locked(preset, file.conversation_count, completed):
            preset = "balanced"
        client = dice.choice(["", *cast.CLIENTS, *cast.CLIENTS])
        project = dice.choice(cast.CLIENTS[client]) if client and dice.random() < 0.8 else ""
        draft = Draft(
            training_file_id=str(file.id),
            training_file_name=file.name,
            preset=preset,
            overrides={"num_train_epochs": dice.choice((1, 2))} if dice.random() < 0.1 else {},
            offer_key=dice.choices(list(_OFFERS), list(_OFFERS.values()))[0],
            client=client,
            project=project,
            description=dice.choice(cast.DESCRIPTIONS) if dice.random() < 0.45 else "",
            notes=dice.choice(cast.NOTES) if dice.random() < 0.25 else "",
        )
        if client and dice.random() < 0.6:
            name = f"{project or client}: {dice.choice(cast.PURPOSES)}"
            draft = replace(draft, name=name, name_edited=True)
        tags = tuple(sorted(dice.sample(cast.TAGS, dice.choice((0, 0, 1, 1, 2)))))
        lingered = timedelta(seconds=dice.triangular(40, 7200, 300))
        return with_auto_name(draft, moment.date()), Words(tags, lingered)

    def _cheaper_and_cheaper(self, draft: Draft) -> Iterator[Draft]:
        """What somebody tries whom the budget refuses: spot, fewer epochs, a rehearsal here."""
        once = {"num_train_epochs": 1}
        yield draft
        if draft.offer_key == ON_DEMAND_KEY:
            yield replace(draft, offer_key=SPOT_KEY)
        if draft.offer_key != LOCAL_KEY:
            yield replace(draft, offer_key=SPOT_KEY, preset="conservative", overrides=once)
            yield replace(draft, offer_key=LOCAL_KEY)

    def _assess(self, person: Person, draft: Draft, file: Row, moment: datetime) -> Assessment:
        budget: Budget = self._ledger.at(person.id, moment)
        history = self._past.at(moment)
        priced = [
            Priced(offer, Pricing.READY, self._estimate(draft, file, offer, history))
            for offer in self._offers.values()
        ]
        chosen = next(entry for entry in priced if entry.offer.key == draft.offer_key)
        assert chosen.estimate is not None
        return Assessment(
            draft=draft,
            file=file,
            priced=chosen,
            others=tuple(entry for entry in priced if entry is not chosen),
            budget=budget,
            decision=decide(budget, chosen.estimate.cost_max),
            blockers=(),
            aggressive_locked=None,
            past=Past(history, None),  # the estimates of that time had learned nothing
            allowed=allowance(budget),
        )

    def _estimate(self, draft: Draft, file: Row, offer: Offer, history: History) -> Estimate:
        epochs = draft.hyperparameters.num_train_epochs
        track = history.track(offer.engine, offer.gpu, draft.preset)
        if offer.is_local:
            return measured_estimate(
                _measured(draft, file), epochs=epochs, offer=offer, track=track
            )
        return published_estimate(
            training_pairs=file.training_pairs,
            preset=draft.preset,
            epochs=epochs,
            offer=offer,
            interruptions=history.interruption_rate(),
            track=track,
        )

    def _run(
        self,
        person: Person,
        starter: Person,
        assessment: Assessment,
        refused: Assessment | None,
        override: str | None,
        words: Words,
        moment: datetime,
    ) -> PastJob:
        dice, offer, file = self._dice, assessment.priced.offer, assessment.file
        fate = draw_fate(dice, offer.tier)
        steps = _steps(assessment.draft, file)
        began = moment + timedelta(seconds=dice.uniform(0.4, 3.0))
        attempts = draw_course(dice, offer, began, self._truth(assessment), steps, fate)
        waited = timedelta(seconds=dice.uniform(10, 600))
        return PastJob(
            id=UUID(int=dice.getrandbits(128), version=4),
            person=person,
            started_by=starter,
            file=file,
            assessment=assessment,
            refused=refused,
            override=override,
            fate=fate,
            attempts=attempts,
            steps=steps,
            words=words,
            queued_at=moment,
            ended_at=attempts[-1].ended if attempts else moment + waited,
        )

    def _truth(self, assessment: Assessment) -> float:
        """The hours that the training alone will really take."""
        assert assessment.estimate is not None
        hours = float(assessment.estimate.duration_hours)
        noise = self._dice.gauss(0, NOISE)
        if assessment.priced.offer.is_local:
            return hours * 0.8 * math.exp(noise)  # the estimate has the start-up in it, too
        size = math.log(max(assessment.file.training_pairs, 1) / USUAL_PAIRS)
        return hours * math.exp(TRUTH[assessment.draft.preset] + TRUTH_BY_SIZE * size + noise)

    def _remember(self, job: PastJob) -> None:
        free_from = self._free_from[job.file.id]
        self._free_from[job.file.id] = max(free_from, job.ended_at)
        self._ledger.hold(
            job.assessment.budget,
            job.person.id,
            job.id,
            job.estimate.cost_max,
            job.ended_at,
            job.cost,
            completed=job.fate.status is JobStatus.COMPLETED,
        )
        self._past.add(
            job.offer,
            job.draft.preset,
            job.estimate,
            queued_at=job.queued_at,
            ended_at=job.ended_at,
            status=job.fate.status,
            recoveries=job.recoveries,
            hours=job.hours or Decimal(0),
            cost=job.cost,
        )


def _steps(draft: Draft, file: Row) -> int:
    """Optimiser steps of the whole run, as the trainer counts them."""
    chosen = draft.hyperparameters
    a_step = chosen.per_device_train_batch_size * chosen.gradient_accumulation_steps
    return math.ceil(file.conversation_count / a_step) * chosen.num_train_epochs


def _measured(draft: Draft, file: Row) -> Measurement:
    chosen = draft.hyperparameters
    return Measurement(
        startup_seconds=Decimal("4.6"),
        tokens_per_second=Decimal(_SPEED[draft.preset]),
        tokens_per_epoch=file.tokens["tokens_total"],
        finish_seconds=Decimal("0.8"),
        steps_measured=20,
        steps_per_epoch=_steps(draft, file) // chosen.num_train_epochs,
    )
