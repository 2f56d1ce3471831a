"""Loss curves of compared jobs: their axes, what is left out, and colours that all can tell."""

from itertools import combinations
from uuid import UUID

import numpy as np
import pytest

from lib.domain.job_comparison import MOST
from lib.domain.loss_curve import Point
from lib.domain.states import JobStatus
from lib.ui.comparison_charts import AXES, COLOURS, DASHES, loss_chart
from tests.unit.test_job_comparison import facts

JOBS = [facts(1, name="One <b>"), facts(2, name="Other")]
CURVES = {
    UUID(int=1): (Point(1, 2.0, 1.0, 2.5), Point(2, 1.0, 2.0, 5.0)),
    UUID(int=2): (Point(1, 3.0, 0.5, 0.0), Point(9, 2.0, 4.0, 0.0)),
}
PAGES = ("#ffffff", "#10141f")  # light and dark, as in .streamlit/config.toml


@pytest.mark.parametrize(
    ("axis", "positions"), [("step", [1, 2]), ("time", [1.0, 2.0]), ("cost", [2.5, 5.0])]
)
def test_a_curve_lies_along_the_chosen_axis(axis: str, positions: list[float]) -> None:
    figure, _ = loss_chart(JOBS, CURVES, axis, smooth=False)
    assert figure is not None
    assert list(figure.data[0].x) == positions
    assert list(figure.data[0].y) == [2.0, 1.0]
    assert figure.data[0].name == "A · One &lt;b&gt;"


def test_every_axis_has_a_name() -> None:
    for axis in AXES:
        figure, _ = loss_chart(JOBS, CURVES, axis, smooth=True)
        assert figure is not None
        assert figure.layout.xaxis.title.text


def test_a_free_run_has_no_place_by_cost_and_keeps_its_colour_elsewhere() -> None:
    figure, left_out = loss_chart(JOBS, CURVES, "cost", smooth=False)
    assert figure is not None
    assert len(figure.data) == 1
    assert left_out == ["B cost nothing, so it has no place by cost."]
    figure, left_out = loss_chart(list(reversed(JOBS)), CURVES, "cost", smooth=False)
    assert figure is not None
    assert figure.data[0].line.color == COLOURS[1]


def test_without_any_metrics_there_is_no_chart_and_each_job_says_why() -> None:
    waiting = facts(3, status=JobStatus.PENDING_CONFIGURATION, queued_at=None)
    figure, left_out = loss_chart(
        [JOBS[0], waiting], {job.id: () for job in (JOBS[0], waiting)}, "step", smooth=False
    )
    assert figure is None
    assert left_out == [
        "A has no metrics: no step of it was trained.",
        "B has no metrics: it has not been started.",
    ]


def test_a_rehearsal_of_seconds_is_drawn_in_seconds() -> None:
    curve = (Point(1, 2.0, 0.001, 0.0), Point(2, 1.0, 0.002, 0.0))
    figure, _ = loss_chart(JOBS[:1], {UUID(int=1): curve}, "time", smooth=False)
    assert figure is not None
    assert figure.layout.xaxis.title.text == "Seconds since start"
    assert list(figure.data[0].x) == pytest.approx([3.6, 7.2])


def test_smoothing_keeps_the_measured_losses_behind_and_under_the_pointer() -> None:
    figure, _ = loss_chart(JOBS[:1], CURVES, "step", smooth=True)
    assert figure is not None
    behind, smooth = figure.data
    assert list(behind.y) == [2.0, 1.0]
    assert smooth.y[1] != 1.0
    assert [row[1] for row in smooth.customdata] == [2.0, 1.0]


# Colours

#: What is left of linear light for each kind of colour blindness (Machado, Oliveira and Fernandes
#: 2009, severity 1).
SIGHT = {
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
#: From linear light to the long, medium and short cones, and from there to Oklab, in which equal
#: distances look equal.
TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_OKLAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]
OKABE_ITO = 0.076  # the least distance in the palette that is usually recommended


def light(colour: str) -> np.ndarray:
    values = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(light(colour) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("colour", COLOURS)
def test_each_colour_stands_out_from_the_page(colour: str, page: str) -> None:
    lighter, darker = sorted((luminance(colour), luminance(page)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 3


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_colours_can_be_told_apart(sight: str) -> None:
    seen = [
        np.array(TO_OKLAB)
        @ np.cbrt(np.array(TO_CONES) @ np.clip(np.array(SIGHT[sight]) @ light(colour), 0, 1))
        for colour in COLOURS
    ]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > OKABE_ITO


def test_there_is_a_colour_and_a_dash_for_each_job() -> None:
    assert len(set(COLOURS)) == len(set(DASHES)) == MOST
