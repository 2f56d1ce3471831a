"""The draft: automatic names, changes, what keeps it from being started, its digest."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.draft import Draft, change, new_draft, problems
from lib.domain.offers import LOCAL_KEY, ON_DEMAND_KEY, SPOT_KEY

TODAY = date(2026, 11, 24)


def draft(**values: Any) -> Draft:
    return replace(new_draft("file-1", "workshop.json", 242, TODAY), **values)


@pytest.mark.parametrize(
    ("conversations", "preset"),
    [
        (None, "balanced"),
        (149, "conservative"),
        (150, "balanced"),
        (300, "balanced"),
        (301, "aggressive"),
    ],
)
def test_a_new_draft_starts_from_the_preset_that_suits_the_size(
    conversations: int | None, preset: str
) -> None:
    assert new_draft("file-1", "workshop.json", conversations, TODAY).preset == preset


def test_a_new_draft_is_named_after_file_preset_and_date_and_rents_spot() -> None:
    assert draft().name == "workshop - Balanced - 2026-11-24"
    assert draft().offer_key == SPOT_KEY


def test_the_automatic_name_follows_the_preset_until_somebody_types_one() -> None:
    followed = change(draft(), TODAY, preset="aggressive")
    assert followed.name == "workshop - Aggressive - 2026-11-24"
    typed = change(followed, TODAY, name="Client run")
    assert change(typed, TODAY, preset="balanced").name == "Client run"
    emptied = change(typed, TODAY, name="  ")
    assert emptied.name == "workshop - Aggressive - 2026-11-24"


@given(st.text(min_size=1, max_size=300))
def test_a_long_file_name_is_shortened_and_the_date_never(name: str) -> None:
    made = new_draft("file-1", name, 242, TODAY)
    assert len(made.name) <= 100
    assert made.name.endswith(" - Balanced - 2026-11-24")


def test_another_preset_drops_the_overrides_and_the_same_keeps_them() -> None:
    tuned = change(draft(), TODAY, overrides={"num_train_epochs": 5})
    assert tuned.hyperparameters.num_train_epochs == 5
    assert change(tuned, TODAY, preset="balanced").overrides == {"num_train_epochs": 5}
    assert change(tuned, TODAY, preset="conservative").overrides == {}


def test_an_override_that_is_the_presets_own_value_is_none() -> None:
    tuned = change(draft(), TODAY, overrides={"num_train_epochs": 3, "learning_rate": 0.0002})
    assert tuned.overrides == {}
    assert tuned.digest == draft().digest


def test_a_draft_that_an_earlier_version_saved_still_loads() -> None:
    stored = {**draft().to_dict(), "overrides": {"num_train_epochs": 3, "r": 16}}
    assert Draft.from_dict(stored).hyperparameters == draft().hyperparameters
    assert Draft.from_dict(stored).digest == draft().digest


def test_nul_characters_are_dropped() -> None:
    assert change(draft(), TODAY, notes="a\x00b").notes == "ab"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"preset": "reckless"}, "preset"),
        ({"overrides": {"num_train_epochs": 0}}, "num_train_epochs"),
        ({"overrides": {"num_train_epochs": 21}}, "num_train_epochs"),
        ({"overrides": {"num_train_epochs": 2.5}}, "num_train_epochs"),
        ({"overrides": {"num_train_epochs": True}}, "num_train_epochs"),
        ({"overrides": {"learning_rate": 1}}, "learning_rate"),
        ({"overrides": {"learning_rate": float("nan")}}, "learning_rate"),
        ({"overrides": {"target_modules": []}}, "target_modules"),
    ],
)
def test_a_bad_change_is_refused_with_the_name_of_the_field(
    changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=f"^{named}: "):
        change(draft(), TODAY, **changes)


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ({}, set()),
        ({"name": "ab"}, {"name"}),
        ({"name": "  ab  "}, {"name"}),
        ({"name": "x" * 100}, set()),
        ({"name": "x" * 101}, {"name"}),
        ({"description": "x" * 501, "notes": "x" * 2001}, {"description", "notes"}),
        ({"client": "x" * 101, "project": "x" * 100}, {"client"}),
    ],
)
def test_problems_are_told_by_field(values: dict[str, Any], faults: set[str]) -> None:
    assert problems(draft(**values)).keys() == faults


@pytest.mark.parametrize(
    "values",
    [
        {"training_file_id": "file-2"},
        {"preset": "conservative"},
        {"overrides": {"num_train_epochs": 4}},
        {"overrides": {"lora_dropout": "0.2"}},
        {"overrides": {"target_modules": ["q_proj"]}},
        {"overrides": {"lr_scheduler_type": "linear"}},
        {"offer_key": ON_DEMAND_KEY},
        {"max_steps": 3},
    ],
)
def test_the_digest_changes_with_whatever_changes_price_or_training(values: dict[str, Any]) -> None:
    assert draft(**values).digest != draft().digest


def test_the_digest_is_the_same_whatever_the_job_is_called() -> None:
    assert draft(name="Other", notes="x", client="Acme").digest == draft().digest


def test_a_draft_survives_the_trip_through_json() -> None:
    whole = draft(
        overrides={"num_train_epochs": 4, "learning_rate": "0.00025", "target_modules": ["q_proj"]},
        offer_key=LOCAL_KEY,
        deadline=datetime(2026, 12, 1, 12, tzinfo=UTC),
        max_steps=3,
    )
    stored = json.loads(json.dumps(whole.to_dict()))
    assert Draft.from_dict({**stored, "of a later version": 1}) == whole
