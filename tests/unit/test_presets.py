"""The three presets as published, the memory that they need, and Aggressive's lock."""

import json

import pytest

from lib.domain.presets import (
    ALL_LINEAR,
    ATTENTION,
    PRESETS,
    hyperparameters,
    memory_needed_gb,
    preset_locked,
)


# FR1.1.2: dropout, warm-up, schedule, GPU memory.
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("conservative", ("0.05", "0.03", "cosine", 60)),
        ("balanced", ("0.1", "0.05", "cosine", 70)),
        ("aggressive", ("0.1", "0.05", "cosine", 75)),
    ],
)
def test_the_rest_of_them_too(name: str, published: tuple) -> None:
    preset = PRESETS[name]
    given = preset.hyperparameters
    rest = (str(given.lora_dropout), str(given.warmup_ratio), given.lr_scheduler_type)
    assert published == (*rest, preset.vram_gb)


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


# FR1.1.2: description, risk, use cases; hours, dollars on spot and on demand.
@pytest.mark.parametrize(
    ("name", "words", "figures"),
    [
        (
            "conservative",
            (
                "Best for high-quality seed datasets and first training runs",
                *("Low", "green"),
                "Minimal OOM risk, proven for most datasets, fastest completion",
                "First training run, high-quality seed data, budget-conscious, quick validation",
            ),
            ((8, 10), (25, 30), (80, 120)),
        ),
        (
            "balanced",
            (
                "Production-ready configuration for most use cases",
                *("Medium", "yellow"),
                "Moderate complexity, requires good dataset quality, production-ready",
                "Production models, proven reliability, standard datasets, client delivery",
            ),
            ((12, 15), (50, 60), (120, 140)),
        ),
        (
            "aggressive",
            (
                "Maximum quality for complex datasets, experimentation, when quality is paramount",
                *("High", "orange"),
                "Highest quality potential, requires excellent dataset, longer training, "
                "experimentation recommended",
                "Complex emotional intelligence, maximum quality, research/experimentation, "
                "when budget allows",
            ),
            ((18, 20), (80, 100), (200, 240)),
        ),
    ],
)
def test_what_a_card_promises_is_what_was_published(
    name: str, words: tuple, figures: tuple
) -> None:
    preset, typical = PRESETS[name], PRESETS[name].typical
    uses = ", ".join(preset.use_cases)
    assert words == (
        *(preset.description, preset.risk, preset.risk_colour, preset.risk_explained),
        uses,
    )
    assert figures == (typical.hours, typical.spot, typical.on_demand)


def test_only_conservative_leaves_the_feed_forward_layers_alone() -> None:
    assert ATTENTION == ("q_proj", "v_proj", "k_proj", "o_proj")
    assert (*ATTENTION, "gate_proj", "up_proj", "down_proj") == ALL_LINEAR
    targets = {name: preset.hyperparameters.target_modules for name, preset in PRESETS.items()}
    assert targets == {"conservative": ATTENTION, "balanced": ALL_LINEAR, "aggressive": ALL_LINEAR}


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


@pytest.mark.parametrize(
    ("preset", "overrides", "needed"),
    [
        ("conservative", {}, "60"),
        ("balanced", {}, "70"),
        ("aggressive", {}, "75"),
        ("balanced", {"r": 8}, "70"),  # never less than was published
        ("balanced", {"per_device_train_batch_size": 64}, "70"),
        ("balanced", {"r": 17}, "70.3"),  # 0.207 GB a rank, rounded up
        ("balanced", {"r": 64}, "80.0"),
        ("balanced", {"r": 65}, "80.2"),  # no longer fits an H100
        ("conservative", {"target_modules": list(ALL_LINEAR)}, "61.2"),
    ],
)
def test_a_larger_adapter_needs_more_memory_than_its_preset(
    preset: str, overrides: dict, needed: str
) -> None:
    chosen = hyperparameters(preset, overrides)
    assert str(memory_needed_gb(PRESETS[preset], chosen)) == needed
