"""The guide on LoRA's hyperparameters: every control changes what is computed from it."""

from collections.abc import Callable
from typing import Any

import plotly.io
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from lib.domain.lora import SHAPES
from lib.domain.people import Person
from lib.http.routes import ROUTES
from tests.pages.conftest import figures, said


@pytest.fixture
def guide(
    installation: str, person: Callable[..., Person], open_page: Callable[..., AppTest]
) -> AppTest:
    """The guide as somebody sees it who has no draft."""
    page = open_page("guide", person(role="owner"))
    assert not page.exception
    return page


def chart(page: AppTest, at: int) -> Any:
    """One of the page's charts, in their order: diagram, cost, learning rate, presets."""
    return plotly.io.from_json(page.get("plotly_chart")[at].proto.spec)


def choose(page: AppTest, key: str, value: str) -> None:
    page.button_group(key=key).set_value(value).run()
    assert not page.exception


def test_it_starts_with_balanced_on_the_70b_model(guide: AppTest) -> None:
    assert [title.value for title in guide.title] == ["Understanding LoRA Hyperparameters"]
    shown = figures(guide)
    assert shown["Trainable parameters"] == "207,093,760"  # 12,943,360 × 16
    assert shown["Base model"] == "70,553,706,496"
    assert shown["Steps"] == "54"  # 70 / (2 × 2), rounded up, × 3 epochs
    assert shown["Time"] == "63.00 hrs"  # 420 pairs × 3 × 180 s
    assert shown["Spot"] == "$157.87"  # 156.87 + 8 windows × 20 % × 15 min × 2.49
    assert shown["On demand"] == "$503.37"
    assert len(guide.get("plotly_chart")) == 4


def test_rank_and_modules_change_what_is_trained_and_the_diagram(guide: AppTest) -> None:
    thin = chart(guide, 0).layout.shapes[1]

    guide.select_slider(key="r-balanced").set_value(64).run()

    assert figures(guide)["Trainable parameters"] == "828,375,040"  # 12,943,360 × 64
    thick = chart(guide, 0).layout.shapes[1]
    assert thick.x1 - thick.x0 > thin.x1 - thin.x0

    choose(guide, "parts-balanced", "Attention only")

    assert figures(guide)["Trainable parameters"] == "262,144,000"  # 80 × 51,200 × 64
    assert "<td>8,192 → 1,024</td><td>47,185,920</td>" in said(guide)  # k: 80 × 9,216 × 64
    assert "<td>8,192 → 28,672</td><td>–</td>" in said(guide)


def test_another_base_model_has_other_figures(guide: AppTest) -> None:
    guide.selectbox(key="shape").set_value(SHAPES["tiny"]).run()

    assert figures(guide)["Trainable parameters"] == "35,584"  # 2 × 1,112 × 16
    assert "64 × 16" in [note.text for note in chart(guide, 0).layout.annotations]


def test_epochs_multiply_steps_and_cost_and_the_batch_only_steps(guide: AppTest) -> None:
    guide.slider(key="num_train_epochs-balanced").set_value(6).run()

    shown = figures(guide)
    assert (shown["Steps"], shown["Time"], shown["On demand"]) == ("108", "126.00 hrs", "$1,006.74")
    assert chart(guide, 1).data[0].marker.size.index(13) == 5  # the sixth point is the large one

    guide.slider(key="per_device_train_batch_size-balanced").set_value(8).run()

    assert figures(guide) == {**shown, "Steps": "30"}  # 70 / (8 × 2), rounded up, × 6


def test_the_learning_rate_is_drawn_over_the_runs_steps(guide: AppTest) -> None:
    line = chart(guide, 2).data[0]
    assert (line.x[0], line.x[-1]) == (0, 54)
    assert max(line.y) == line.y[3] == 0.0002
    assert (line.y[0], line.y[-1]) == (0, 0)

    guide.slider(key="warmup-balanced").set_value(20).run()

    line = chart(guide, 2).data[0]
    assert max(line.y) == line.y[11] == 0.0002  # 20 % of 54 steps, rounded up
    assert chart(guide, 2).layout.annotations[0].text == "warm-up ends after step 11"


def test_another_preset_sets_every_control_to_its_values(guide: AppTest) -> None:
    guide.select_slider(key="r-balanced").set_value(256).run()

    choose(guide, "preset", "conservative")

    shown = figures(guide)
    assert shown["Trainable parameters"] == "32,768,000"  # 80 × 51,200 × 8
    assert shown["Steps"] == "36"  # 70 / 4, rounded up, × 2
    assert max(chart(guide, 2).data[0].y) == 0.0001


def test_the_presets_are_compared_in_their_own_units(guide: AppTest) -> None:
    bars = {bar.name: dict(zip(bar.y, bar.text, strict=True)) for bar in chart(guide, 3).data}

    assert list(bars) == ["Conservative", "Balanced", "Aggressive"]
    assert [row["Rank"] for row in bars.values()] == ["8", "16", "32"]
    assert [row["GPU memory"] for row in bars.values()] == ["60 GB", "70 GB", "75 GB"]
    assert bars["Aggressive"]["Trainable<br>parameters"] == "414,187,520"
    assert [max(bar.x) for bar in chart(guide, 3).data] == [1, 1, 1]  # examples in a step: all 4


def test_its_documented_address_leads_to_the_guide() -> None:
    client = TestClient(Starlette(routes=list(ROUTES)), follow_redirects=False)

    answer = client.get("/docs/hyperparameters-explained")

    assert (answer.status_code, answer.headers["location"]) == (307, "/guide")
