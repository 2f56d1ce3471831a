"""Smoothing a loss curve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.loss_curve import smoothed

losses = st.lists(st.floats(0, 1000), min_size=1, max_size=60)


@given(losses, st.floats(0, 0.99))
def test_a_smoothed_loss_lies_between_the_losses_so_far(values: list[float], weight: float) -> None:
    for at, value in enumerate(smoothed(values, weight)):
        so_far = values[: at + 1]
        assert min(so_far) - 1e-6 <= value <= max(so_far) + 1e-6


@given(losses)
def test_a_weight_of_nothing_changes_nothing(values: list[float]) -> None:
    assert smoothed(values, 0) == pytest.approx(values)


def test_the_noise_becomes_smaller() -> None:
    values = smoothed([1.0, 3.0] * 50)
    assert max(values[20:]) - min(values[20:]) < 0.3
