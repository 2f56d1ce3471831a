"""Cost reduction tips, computed: each single change is priced as the job itself is."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Connection, Row

from lib import storage
from lib.datafiles import open_training_file
from lib.db.connection import reading
from lib.domain.budget import decide
from lib.domain.dataset import MIN_CONVERSATIONS, DatasetError
from lib.domain.draft import Draft
from lib.domain.offers import Tier, sibling
from lib.domain.presets import PRESETS
from lib.domain.tips import Tip, best_first, tip
from lib.services.assessment import Assessment
from lib.services.estimates import price


def cost_reductions(assessment: Assessment) -> tuple[Tip, ...]:
    """Another preset, spot, fewer epochs or conversations: what saves, best first (FR1.2.2).

    Nothing is measured for a tip: on this machine only what has been measured can be priced.
    """
    estimate = assessment.estimate
    if estimate is None:
        return ()
    with reading() as connection:
        found = [
            tip(title, changes, estimate.cost_max, cost_max, assessment.budget)
            for title, changes, cost_max in _changes(connection, assessment)
        ]
        found.extend(_fewer_conversations(connection, assessment))
    return best_first(found)


def _changes(
    connection: Connection, assessment: Assessment
) -> Iterator[tuple[str, dict[str, Any], Decimal]]:
    draft = assessment.draft
    for name, preset in PRESETS.items():
        locked = name == "aggressive" and assessment.aggressive_locked
        if name != draft.preset and not locked:
            cost = _cost(connection, assessment, replace(draft, preset=name, overrides={}))
            if cost is not None:
                yield f"Switch to {preset.title} preset", {"preset": name}, cost
    offer = assessment.priced.offer
    if offer.tier is Tier.ON_DEMAND:
        offers = [entry.offer for entry in (assessment.priced, *assessment.others)]
        spot = sibling(offers, offer, Tier.SPOT)
        priced = assessment.of(spot.key) if spot else None
        if spot and priced and priced.estimate:
            title = "Use Spot instead of On-Demand"
            yield title, {"offer_key": spot.key}, priced.estimate.cost_max
    yield from _fewer_epochs(connection, assessment)


def _fewer_epochs(
    connection: Connection, assessment: Assessment
) -> Iterator[tuple[str, dict[str, Any], Decimal]]:
    """The most epochs that fit the budget; one epoch where not even that fits."""
    draft = assessment.draft
    now = draft.hyperparameters.num_train_epochs
    for epochs in range(now - 1, 0, -1):
        overrides = {**draft.overrides, "num_train_epochs": epochs}
        cost = _cost(connection, assessment, replace(draft, overrides=overrides))
        if cost is None:
            return
        if epochs == 1 or decide(assessment.budget, cost).allowed:
            yield f"Reduce epochs from {now} to {epochs}", {"overrides": overrides}, cost
            return


def _fewer_conversations(connection: Connection, assessment: Assessment) -> Iterator[Tip]:
    """How many of the file's first conversations fit the budget, if enough to train on do."""
    file, decision = assessment.file, assessment.decision
    if decision is None or decision.allowed:
        return
    if assessment.priced.offer.is_local:
        return  # the steps of a file that is not there cannot have been measured
    try:
        pairs = _pairs_of_first(file.storage_key, file.name)
    except (OSError, DatasetError):
        return  # what is wrong with the file is in the way of the start anyway

    def cost(conversations: int) -> Decimal:
        fewer = SimpleNamespace(**file._asdict())
        fewer.conversation_count = conversations
        fewer.training_pairs = pairs[conversations - 1]
        if file.tokens:
            share = Decimal(pairs[conversations - 1]) / pairs[-1]
            fewer.tokens = {"tokens_total": max(1, round(file.tokens["tokens_total"] * share))}
        return cast(Decimal, _cost(connection, assessment, assessment.draft, cast(Row, fewer)))

    sizes = range(MIN_CONVERSATIONS, len(pairs))
    fitting = bisect_left(
        sizes, True, key=lambda size: not decide(assessment.budget, cost(size)).allowed
    )
    if fitting:
        most = sizes[fitting - 1]
        title = f"Train on the first {most:,} of the {len(pairs):,} conversations"
        yield tip(title, {}, decision.cost_max, cost(most), assessment.budget, most)


@lru_cache(maxsize=16)
def _pairs_of_first(storage_key: str, name: str) -> tuple[int, ...]:
    """How many training pairs the first, the first two, ... conversations of a file have.

    A stored file never changes, so that it is read once for as long as its dialog is open.
    """
    with open_training_file(storage.original_file(storage_key), name=name) as conversations:
        return tuple(accumulate(len(conversation.pairs) for conversation in conversations))


def _cost(
    connection: Connection, assessment: Assessment, draft: Draft, file: Row | None = None
) -> Decimal | None:
    """The most that a changed draft may cost; None where it cannot be priced yet."""
    offer = assessment.priced.offer
    file = file if file is not None else assessment.file
    priced = price(connection, draft, file, offer, assessment.past, ask=False)
    return priced.estimate.cost_max if priced.estimate else None
