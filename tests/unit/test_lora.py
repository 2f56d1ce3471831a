"""What LoRA trains, the steps of a run, its learning rate: against figures computed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.lora import (
    SHAPES,
    ModelShape,
    Projection,
    learning_rate_share,
    steps_per_epoch,
    trainable_parameters,
    warmup_steps,
)
from lib.domain.presets import ALL_LINEAR, ATTENTION, PRESETS

SHAPE = st.sampled_from(list(SHAPES.values()))
RANK = st.integers(1, 512)
MODULES = st.sets(st.sampled_from(ALL_LINEAR))
STEPS = st.integers(1, 5000)
RATIO = st.floats(0, 0.9)


def test_an_adapter_is_its_rank_times_numbers_in_and_out() -> None:
    assert Projection(inputs=3, outputs=5).adapter(2) == 2 * 3 + 5 * 2
    assert Projection(inputs=3, outputs=5).weights == 15


@pytest.mark.parametrize("r", [1, 8, 16, 32])
def test_all_linear_adapters_of_the_70b_are_as_measured_on_the_real_shape(r: int) -> None:
    assert trainable_parameters(SHAPES["70b"], r, ALL_LINEAR) == 12_943_360 * r


@pytest.mark.parametrize(
    ("shape", "modules", "expected"),
    [
        # 80 layers of q and o: 8192 + 8192 each, k and v: 8192 + 1024 each
        ("70b", ATTENTION, 80 * (2 * 16_384 + 2 * 9_216)),
        # 32 layers of q, o: 8192; k, v: 4096 + 1024; gate, up, down: 4096 + 14336
        ("8b", ALL_LINEAR, 32 * (2 * 8_192 + 2 * 5_120 + 3 * 18_432)),
        # 16 layers of q, o: 4096; k, v: 2048 + 512; gate, up, down: 2048 + 8192
        ("1b", ALL_LINEAR, 16 * (2 * 4_096 + 2 * 2_560 + 3 * 10_240)),
        # 2 layers of four times 64 + 64 and three times 64 + 136
        ("tiny", ALL_LINEAR, 2 * (4 * 128 + 3 * 200)),
        ("tiny", ("q_proj",), 2 * 128),
        ("tiny", (), 0),
    ],
)
def test_trainable_parameters_of_rank_one_are_as_computed_by_hand(
    shape: str, modules: tuple[str, ...], expected: int
) -> None:
    assert trainable_parameters(SHAPES[shape], 1, modules) == expected


def test_base_models_have_the_parameters_that_their_publishers_state() -> None:
    assert {name: shape.parameters for name, shape in SHAPES.items()} == {
        "70b": 70_553_706_496,
        "8b": 8_030_261_248,
        "1b": 1_235_814_400,
        "tiny": 4096 * 64 + 2 * (4 * 64 * 64 + 3 * 64 * 136 + 2 * 64) + 64,
    }


def test_grouped_query_attention_narrows_keys_and_values_alone() -> None:
    parts = SHAPES["70b"].projections
    assert [parts[name].outputs for name in ("q_proj", "k_proj", "v_proj", "o_proj")] == [
        *(8192, 1024, 1024, 8192)
    ]


def test_every_presets_modules_are_parts_of_every_model() -> None:
    for shape in SHAPES.values():
        for preset in PRESETS.values():
            assert set(preset.hyperparameters.target_modules) <= set(shape.projections)


def test_a_wrong_rank_or_module_is_named() -> None:
    with pytest.raises(ValueError, match="r: must be at least 1"):
        trainable_parameters(SHAPES["tiny"], 0, ATTENTION)
    with pytest.raises(ValueError, match="target_modules: Tiny rehearsal model has no lm_head"):
        trainable_parameters(SHAPES["tiny"], 8, ("q_proj", "lm_head"))


@given(SHAPE, RANK, MODULES)
def test_twice_the_rank_trains_twice_the_parameters(
    shape: ModelShape, r: int, modules: set[str]
) -> None:
    assert trainable_parameters(shape, 2 * r, modules) == 2 * trainable_parameters(
        shape, r, modules
    )


@given(SHAPE, RANK, MODULES)
def test_each_module_adds_its_own_adapters(shape: ModelShape, r: int, modules: set[str]) -> None:
    alone = [trainable_parameters(shape, r, [name]) for name in modules]
    assert trainable_parameters(shape, r, modules) == sum(alone)
    assert all(alone)


@pytest.mark.parametrize(
    ("sequences", "batch", "accumulation", "steps"),
    [(72, 2, 2, 18), (70, 2, 2, 18), (73, 2, 2, 19), (1, 16, 16, 1), (50, 1, 1, 50)],
)
def test_a_last_smaller_step_counts(
    sequences: int, batch: int, accumulation: int, steps: int
) -> None:
    assert steps_per_epoch(sequences, batch, accumulation) == steps


@given(st.integers(1, 10_000), st.integers(1, 64), st.integers(1, 64))
def test_an_epochs_steps_hold_all_sequences_and_not_one_step_more(
    sequences: int, batch: int, accumulation: int
) -> None:
    steps, size = steps_per_epoch(sequences, batch, accumulation), batch * accumulation
    assert (steps - 1) * size < sequences <= steps * size


def test_warm_up_is_rounded_up_to_whole_steps() -> None:
    assert [warmup_steps(54, ratio) for ratio in (0, 0.03, 0.05, 0.5)] == [0, 2, 3, 27]


def test_the_learning_rate_climbs_straight_then_falls_along_half_a_cosine() -> None:
    shares = [learning_rate_share(step, 104, 4) for step in (0, 1, 2, 4, 29, 54, 79, 104)]
    assert shares == pytest.approx([0, 0.25, 0.5, 1, 0.85355339, 0.5, 0.14644661, 0])


def test_without_warm_up_the_run_starts_at_the_peak() -> None:
    assert learning_rate_share(0, 10, 0) == 1


@given(STEPS, RATIO)
def test_the_learning_rate_peaks_after_warm_up_and_ends_at_zero(steps: int, ratio: float) -> None:
    warmup = warmup_steps(steps, ratio)
    shares = [learning_rate_share(step, steps, warmup) for step in range(steps + 1)]
    assert all(0 <= share <= 1 for share in shares)
    assert shares[: warmup + 1] == sorted(shares[: warmup + 1])
    assert shares[warmup:] == sorted(shares[warmup:], reverse=True)
    assert shares[warmup] == 1
    if warmup < steps:
        assert shares[-1] == pytest.approx(0, abs=1e-12)
