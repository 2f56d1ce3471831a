"""What may be put in a hyperparameter's place, how it is kept, and what is refused by name."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.hyperparameters import ALL_LINEAR, LIMITS, PARAMETER_HELP, Fraction, Whole
from lib.domain.presets import PRESETS, hyperparameters, kept_overrides

RANGES = {name: limit for name, limit in LIMITS.items() if isinstance(limit, Whole | Fraction)}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", RANGES)
def test_numbers_are_taken_up_to_their_limits(preset: str, name: str) -> None:
    limit = RANGES[name]
    for value in (limit.least, limit.most):
        assert getattr(hyperparameters(preset, {name: value}), name) == value
    smallest = 1 if isinstance(limit, Whole) else Decimal("0.0000001")
    for value in (limit.least - smallest, limit.most + smallest):
        with pytest.raises(ValueError, match=f"^{name}: must be a .*number from "):
            hyperparameters(preset, {name: value})


@pytest.mark.parametrize("value", [0.00025, "0.00025", "2.5e-4", Decimal("0.000250")])
def test_a_fraction_is_the_same_whatever_it_is_given_as(value: Any) -> None:
    assert kept_overrides("balanced", {"learning_rate": value}) == {"learning_rate": "0.00025"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, value) for name in RANGES for value in (float("nan"), "NaN", 1e9, "1e9", -1)],
        *[(name, value) for name in RANGES for value in (True, None, [], {}, "", "x", "9" * 5000)],
        ("num_train_epochs", 2.5),
        ("learning_rate", float("inf")),
        ("learning_rate", "0.0002000001"),
        ("lora_dropout", "1e-900000000"),
        ("lr_scheduler_type", "polynomial"),
        ("lr_scheduler_type", ["cosine"]),
        ("lr_scheduler_type", None),
        ("target_modules", []),
        ("target_modules", ""),
        ("target_modules", "q_proj,"),
        ("target_modules", ["q_proj", "embed_tokens"]),
        ("target_modules", ["q_proj", 1]),
        ("target_modules", [["q_proj"]]),
        ("target_modules", {"q_proj": 1}),
        ("target_modules", None),
    ],
)
def test_what_will_not_do_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}: must "):
        hyperparameters("balanced", {name: value})


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^'weight_decay': there is no such hyperparameter"):
        hyperparameters("balanced", {"weight_decay": 0.1})


def test_only_what_differs_from_the_preset_is_kept() -> None:
    own = PRESETS["balanced"].hyperparameters.to_dict()
    assert kept_overrides("balanced", own) == {}
    assert kept_overrides("balanced", {**own, "r": 32}) == {"r": 32}
    assert kept_overrides("balanced", {"lora_dropout": "0.10", "warmup_ratio": "-0e99"}) == {
        "warmup_ratio": "0"
    }


def test_modules_keep_one_order_so_that_equal_choices_are_equal() -> None:
    for names in (["up_proj", "q_proj"], ("q_proj", "up_proj"), "up_proj, q_proj"):
        kept = kept_overrides("balanced", {"target_modules": names})
        assert kept == {"target_modules": ["q_proj", "up_proj"]}
    backwards = list(reversed(PRESETS["conservative"].hyperparameters.target_modules))
    assert kept_overrides("conservative", {"target_modules": backwards}) == {}


VALUES = {
    name: st.integers(limit.least, limit.most)
    if isinstance(limit, Whole)
    else st.decimals(limit.least, limit.most, places=6)
    if isinstance(limit, Fraction)
    else st.sampled_from(limit.options)
    for name, limit in LIMITS.items()
    if name != "target_modules"
} | {"target_modules": st.lists(st.sampled_from(ALL_LINEAR), min_size=1)}


@given(st.sampled_from(list(PRESETS)), st.fixed_dictionaries({}, optional=VALUES))
def test_what_is_kept_is_json_and_gives_the_same_hyperparameters(
    preset: str, overrides: dict[str, Any]
) -> None:
    stored = json.loads(json.dumps(kept_overrides(preset, overrides)))
    assert hyperparameters(preset, stored) == hyperparameters(preset, overrides)
    assert kept_overrides(preset, stored) == stored


def test_the_five_that_everybody_meets_are_explained_in_the_requirements_words() -> None:
    said = {": ".join(words) for words in PARAMETER_HELP.values()}
    assert said >= {
        "Rank (r): Number of trainable parameters - higher = more learning capacity but slower "
        "training",
        "Learning Rate: Speed of model updates - higher = faster learning but risk of instability",
        "Epochs: Complete passes through dataset - more = better learning but diminishing returns",
        "Batch Size: Training examples processed simultaneously - larger = faster but more memory",
        "Gradient Accumulation: Simulates larger batch sizes - higher = more stable gradients",
    }
