"""Cost reduction tips: each figure is that of the job after the change."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from lib import storage
from lib.domain.budget import decide
from lib.domain.draft import change
from lib.domain.offers import ON_DEMAND_KEY
from lib.services import drafts
from lib.services.assessment import assess
from lib.services.errors import Refusal
from lib.services.smaller_files import train_on_first
from lib.services.tips import cost_reductions

Make = Callable[..., Any]


def test_applying_a_tip_saves_exactly_what_it_says(person: Make, draft: Make) -> None:
    actor = person(limit="60.00")
    opened = draft(actor, preset="balanced", offer_key=ON_DEMAND_KEY)
    before = assess(opened)
    tips = cost_reductions(before)
    assert {one.title.split(" (")[0] for one in tips} >= {
        "Switch to Conservative preset",
        "Use Spot instead of On-Demand",
    }
    for one in (one for one in tips if one.changes):
        changed = change(opened.draft, drafts.today(), **one.changes)
        opened = drafts.save(actor, opened, changed)
        after = assess(opened)
        assert after.estimate.cost_max == one.cost_max
        assert before.estimate.cost_max - after.estimate.cost_max == one.saving
        assert after.decision.allowed == one.fits
        opened = drafts.save(actor, opened, before.draft)


def test_what_makes_the_job_fit_comes_first(person: Make, draft: Make) -> None:
    actor = person(limit="60.00")
    tips = cost_reductions(assess(draft(actor, preset="balanced", offer_key=ON_DEMAND_KEY)))
    assert [one.fits for one in tips] == sorted((one.fits for one in tips), reverse=True)
    fitting = [one.saving for one in tips if one.fits]
    assert fitting == sorted(fitting, reverse=True)


def test_epochs_are_reduced_no_further_than_needed(person: Make, draft: Make) -> None:
    actor = person(limit="500.00")
    opened = draft(actor, preset="conservative", overrides={"num_train_epochs": 10})
    cost = assess(opened).estimate.cost_max
    actor = person(limit=str(cost / 2))
    opened = draft(actor, preset="conservative", overrides={"num_train_epochs": 10})
    budget = assess(opened).budget
    (epochs,) = [one for one in cost_reductions(assess(opened)) if "epochs" in one.title]
    fewer = epochs.changes["overrides"]["num_train_epochs"]
    assert epochs.title == f"Reduce epochs from 10 to {fewer}"
    assert decide(budget, epochs.cost_max).allowed
    assert not decide(budget, epochs.cost_max / fewer * (fewer + 1)).allowed


def test_a_preset_that_is_locked_is_no_tip_and_nothing_dearer_is(person: Make, draft: Make) -> None:
    tips = cost_reductions(assess(draft(person(), preset="conservative")))
    assert [one.title for one in tips] == ["Reduce epochs from 2 to 1"]
    assert all(one.saving > Decimal(0) for one in tips)


def test_as_many_conversations_are_kept_as_the_budget_bears(
    person: Make, draft: Make, training_file: Make
) -> None:
    actor = person(limit="500.00")
    file = training_file(conversations=120, actor=actor)
    cost = assess(draft(actor, file=file, preset="balanced")).estimate.cost_max
    limit = round(cost / 2, 2)
    actor = person(limit=str(limit), grace=0)
    opened = draft(actor, file=file, preset="balanced")
    (fewer,) = [one for one in cost_reductions(assess(opened)) if "conversations" in one.title]
    assert fewer.fits
    assert fewer.changes == {}
    kept = fewer.conversations
    assert kept is not None
    assert 50 <= kept <= 65
    assert fewer.cost_max <= limit < fewer.cost_max * (kept + 3) / kept

    smaller = train_on_first(actor, opened, kept)
    assert (smaller.file.conversation_count, smaller.draft.preset) == (kept, "balanced")
    assert smaller.file.name.endswith(f"(first {kept}).json")
    assert smaller.draft.name.startswith(smaller.file.name.removesuffix(".json"))
    assert assess(smaller).estimate.cost_max == fewer.cost_max, "the saving was exact"
    assert "budget" not in {blocker.code for blocker in assess(smaller).blockers}
    again = train_on_first(actor, draft(actor, file=file), kept)
    assert again.file.id == smaller.file.id, "the same excerpt is one file"


def test_a_file_that_has_changed_on_disk_is_not_cut(
    person: Make, draft: Make, training_file: Make
) -> None:
    actor = person()
    opened = draft(actor, file=training_file(conversations=60, actor=actor))
    storage.original_file(opened.file.storage_key).write_text("something else")
    with pytest.raises(Refusal, match="Storage file changed"):
        train_on_first(actor, opened, 50)
    assert drafts.load(actor, opened.job_id) == opened
