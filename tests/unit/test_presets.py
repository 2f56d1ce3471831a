"""The three presets as published, what may be overridden, and Aggressive's lock."""

import json

import pytest

from lib.domain.presets import (
    ALL_LINEAR,
    ATTENTION,
    OVERRIDE_LIMITS,
    PRESETS,
    hyperparameters,
    preset_locked,
)


# FR1.1.2: r, alpha, learning rate, epochs, batch size, accumulation; FR1.2.1: seconds per pair.
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("conservative", (8, 16, "0.0001", 2, 4, 1, 120)),
        ("balanced", (16, 32, "0.0002", 3, 2, 2, 180)),
        ("aggressive", (32, 64, "0.0003", 4, 1, 4, 300)),
    ],
)
def test_the_presets_are_those_that_were_published(name: str, published: tuple) -> None:
    preset = PRESETS[name]
    given = preset.hyperparameters
    assert published == (
        given.r,
        given.lora_alpha,
        str(given.learning_rate),
        given.num_train_epochs,
        given.per_device_train_batch_size,
        given.gradient_accumulation_steps,
        preset.seconds_per_pair,
    )


def test_only_conservative_leaves_the_feed_forward_layers_alone() -> None:
    targets = {name: preset.hyperparameters.target_modules for name, preset in PRESETS.items()}
    assert targets == {"conservative": ATTENTION, "balanced": ALL_LINEAR, "aggressive": ALL_LINEAR}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", OVERRIDE_LIMITS)
def test_overrides_are_taken_up_to_their_limits(preset: str, name: str) -> None:
    least, most = OVERRIDE_LIMITS[name]
    for value in (least, most):
        assert getattr(hyperparameters(preset, {name: value}), name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(ValueError, match=f"^{name}: "):
            hyperparameters(preset, {name: value})


def test_hyperparameters_are_plain_json_for_the_trainer() -> None:
    for preset in PRESETS:
        values = hyperparameters(preset, {}).to_dict()
        assert json.loads(json.dumps(values)) == values


@pytest.mark.parametrize(
    ("preset", "conversations", "completed", "locked"),
    [
        ("conservative", 60, 0, False),
        ("balanced", 60, 0, False),
        ("aggressive", 300, 2, True),
        ("aggressive", None, 0, True),
        ("aggressive", 301, 0, False),
        ("aggressive", 60, 3, False),
    ],
)
def test_aggressive_opens_with_a_large_file_or_three_completed_jobs(
    preset: str, conversations: int | None, completed: int, locked: bool
) -> None:
    assert bool(preset_locked(preset, conversations, completed)) is locked
