"""The steps after a failure, made for one job: with its parameters, today's offers, its file."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Row

from lib.db import users
from lib.domain.draft import Draft
from lib.domain.failure_table import NO_CAPACITY, Failure
from lib.domain.failures import explain
from lib.domain.money import usd
from lib.domain.next_steps import NextStep, Step, conversation_named_in, lower_rank, smaller_batch
from lib.domain.offers import LOCAL_ENGINE, LOCAL_KEY, Offer, Stock, Tier, enough_memory, sibling
from lib.domain.people import ADMINISTERING, Person
from lib.domain.presets import (
    ADAPTER_BYTES,
    PRESETS,
    adapter_parameters,
    hyperparameters,
    kept_overrides,
    memory_needed_gb,
)
from lib.domain.states import ACTIVE, JobStatus
from lib.services import cloning, continuation, mail, previews
from lib.services.accounts import OPERATOR
from lib.services.estimates import Past, price, read_past
from lib.services.offers import offers
from lib.services.visibility import may_change
from lib.settings import settings

BILLING = "https://www.console.runpod.io/user/billing"


@dataclass(frozen=True)
class Remedies:
    """All that a job's steps are made of; what is dear to read is read once it is needed."""

    connection: Connection
    actor: Person
    job: Row
    file: Row

    @cached_property
    def draft(self) -> Draft:
        return cloning.as_draft(self.job)

    @cached_property
    def failure(self) -> Failure:
        failed = self.job.status == JobStatus.FAILED
        return explain(self.job.failure_code if failed else NO_CAPACITY)

    @cached_property
    def past(self) -> Past:
        return read_past(self.connection)

    @cached_property
    def offers(self) -> tuple[Offer, ...]:
        return offers(self.connection, keep=self.draft.offer_key)

    @cached_property
    def now(self) -> Offer | None:
        """What the job was to run on, at today's rate."""
        return next((one for one in self.offers if one.key == self.draft.offer_key), None)

    @property
    def is_local(self) -> bool:
        return bool(self.job.engine == LOCAL_ENGINE)

    def step(self, step: Step) -> NextStep | None:
        """The step for this job, None where it cannot be taken or would change nothing."""
        match step:
            case Step.GO_ON:
                return self._going_on()
            case Step.RETRY:
                return NextStep(step, "Try again as it was", "A new draft with the same settings.")
            case Step.SMALLER_BATCH:
                return self._smaller_batch()
            case Step.LOWER_RANK:
                return self._lower_rank()
            case Step.LARGER_GPU | Step.OTHER_GPU:
                return self._other_gpu(step)
            case Step.ON_DEMAND:
                return self._on_demand()
            case Step.REHEARSE:
                return self._rehearsal()
            case Step.OTHER_FILE:
                return NextStep(step, "Another training file", "The same settings on it.")
            case Step.SEE_CONVERSATION:
                return self._conversation()
            case Step.DATA_CENTER if not settings().data_centers:
                return None  # it may be any
            case Step.TOP_UP | Step.ADMIN | Step.DATA_CENTER:
                return self._administration(step)
            case Step.KEEP_WAITING:
                return NextStep(step, "Keep waiting", "It starts as soon as a machine is free.")
            case Step.CANCEL:
                return NextStep(step, "Cancel", "The job is given up, and costs nothing more.")

    def _going_on(self) -> NextStep | None:
        """From the job's last checkpoint, for who may change it and while nobody else does so."""
        if not may_change(self.connection, self.actor, self.job):
            return None
        if continuation.links(self.actor, self.job).refused:
            return None
        step = continuation.begun(self.connection, self.job).step
        return NextStep(
            Step.GO_ON,
            f"Go on from step {step:,}",
            "A new draft that begins where this run saved its last checkpoint.",
        )

    def _smaller_batch(self) -> NextStep | None:
        """What it does not do is said: the trainer's memory does not depend on the batch
        (docs/trainer.md).
        """
        chosen = self.draft.hyperparameters
        smaller = smaller_batch(chosen)
        if smaller is None:
            return None
        batch, accumulated = smaller.values()
        return NextStep(
            Step.SMALLER_BATCH,
            f"Smaller batch: {chosen.per_device_train_batch_size} → {batch}",
            f"Gradient accumulation {chosen.gradient_accumulation_steps} → {accumulated}, so the "
            "result stays the same. The trainer takes one conversation at a time whatever the "
            "batch, so this helps where memory was short for a moment.",
            self._overriding(smaller),
        )

    def _lower_rank(self) -> NextStep | None:
        chosen = self.draft.hyperparameters
        lower = lower_rank(chosen)
        if lower is None:
            return None
        changes = self._overriding(lower)
        then = hyperparameters(self.draft.preset, changes["overrides"])
        saved = (adapter_parameters(chosen) - adapter_parameters(then)) * ADAPTER_BYTES
        less = "less memory" if self.is_local else f"about {saved / 1e9:.1f} GB less memory"
        return NextStep(
            Step.LOWER_RANK,
            f"Lower rank: {chosen.r} → {lower['r']}",
            f"A smaller adapter: {less}, and it can learn a little less.",
            changes,
        )

    def _overriding(self, values: dict[str, int]) -> dict[str, Any]:
        return {"overrides": kept_overrides(self.draft.preset, {**self.draft.overrides, **values})}

    def _other_gpu(self, step: Step) -> NextStep | None:
        """The cheapest other GPU that is free and large enough; for memory, one that has more."""
        now = self.now
        if now is None or now.is_local:
            return None
        least = (now.vram_gb or 0) if step is Step.LARGER_GPU else 0
        others = [
            (total, offer.key, offer)
            for offer in self.offers
            if offer.gpu != now.gpu and (offer.vram_gb or 0) > least and self._is_free(offer)
            if (total := self._total(offer)) is not None
        ]
        if not others:
            return None
        *_, offer = min(others, key=lambda one: one[:2])
        kind = "Larger" if step is Step.LARGER_GPU else "Another"
        explained = f"{offer.vram_gb} GB of memory at {usd(offer.hourly_rate)} an hour."
        return self._renting(step, offer, f"{kind} GPU: {offer.title}", explained)

    def _on_demand(self) -> NextStep | None:
        now = self.now
        if now is None or now.tier is not Tier.SPOT:
            return None
        offer = sibling(self.offers, now, Tier.ON_DEMAND)
        if offer is None or not self._is_free(offer):
            return None
        rate = f"The same GPU at {usd(offer.hourly_rate)} an hour; nobody takes it away."
        return self._renting(Step.ON_DEMAND, offer, "Start on demand instead", rate)

    def _renting(self, step: Step, offer: Offer, label: str, explained: str) -> NextStep:
        before = self._total(self.now) if self.now else None
        after = self._total(offer)
        difference = None if before is None or after is None else after - before
        if self.job.progress.get("checkpoint_step"):
            explained += " It trains from the beginning."
        if self.job.status in ACTIVE:
            explained += " This job is cancelled, and the new draft is yours to start."
        return NextStep(step, label, explained, {"offer_key": offer.key}, difference)

    def _is_free(self, offer: Offer) -> bool:
        """Whether it can be rented today, as far as is known, and the job fits on it."""
        if offer.is_local or offer.unavailable or offer.stock is Stock.NONE:
            return False
        preset = PRESETS[self.draft.preset]
        needed = memory_needed_gb(preset, self.draft.hyperparameters)
        return enough_memory(offer, needed, preset.title) is None

    def _total(self, offer: Offer) -> Decimal | None:
        priced = price(self.connection, self.draft, self.file, offer, self.past, ask=False)
        return priced.estimate.total if priced.estimate else None

    def _rehearsal(self) -> NextStep | None:
        if self.is_local:
            return None
        return NextStep(
            Step.REHEARSE,
            "Rehearse on this machine",
            "The same settings with this machine's own model: does the run go through at all?",
            {"offer_key": LOCAL_KEY},
        )

    def _conversation(self) -> NextStep | None:
        named = conversation_named_in(self.job.failure_message)
        at = None if named is None else previews.place_of(self.file, named)
        if named is None or at is None:
            return None
        return NextStep(
            Step.SEE_CONVERSATION,
            f"Read conversation {at + 1:,}",
            f"{named} in {self.file.name}.",
            link=f"/dataset?file={self.file.id}&conversation={at + 1}",
        )

    def _administration(self, step: Step) -> NextStep | None:
        """For an admin the place where it is mended, for others a mail to the admins."""
        remedy = self.failure.remedy
        if self.actor.role in ADMINISTERING:
            if step is Step.TOP_UP:
                return NextStep(step, "Top up at RunPod", remedy, link=BILLING)
            return NextStep(step, "Open the status page", remedy, link="/status")
        admins = [
            user
            for user in users.everyone(self.connection)
            if user.role in ADMINISTERING and user.email != OPERATOR["email"]
        ]
        if not admins:
            return None
        names = " or ".join(f"{user.name} ({user.email})" for user in admins)
        explained = f"{names}: {remedy}"
        return NextStep(step, "Write to an admin", explained, link=self._letter(admins))

    def _letter(self, admins: Sequence[Row]) -> str:
        """A mail to begin with, in the user's own program."""
        to = ",".join(quote(user.email, safe="@") for user in admins)
        subject = quote(f"{self.failure.title}: {self.job.name}")
        text = f"{self.failure.remedy}\n\n{mail.link(f'/training-jobs/{self.job.id}')}"
        return f"mailto:{to}?subject={subject}&body={quote(text)}"
