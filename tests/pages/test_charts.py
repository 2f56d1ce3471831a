"""The charts and the timeline, from rows of the database's shape."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from lib.domain.budget import Budget
from lib.domain.dataset import Share
from lib.domain.spending import Projection
from lib.ui.charts import distribution_chart, loss_chart
from lib.ui.moments import span
from lib.ui.month_charts import month_chart, months_chart
from lib.ui.timeline import attempts, phases, timeline_html

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def step(number: int, attempt: int = 1, loss: str | None = "2.5") -> Any:
    return SimpleNamespace(step=number, attempt=attempt, loss=loss and Decimal(loss))


def budget(spent: str, reserved: str = "0.00", limit: str = "500.00") -> Budget:
    amounts = (Decimal(text) for text in (limit, "10", spent, reserved))
    return Budget(date(2026, 11, 1), *amounts, active_jobs=1)


def spending(cost: str, day: datetime) -> Any:
    return SimpleNamespace(cost=Decimal(cost), day=day.date())


def test_the_loss_is_drawn_over_the_whole_run_with_each_restart_marked() -> None:
    steps = [step(number, 1 if number <= 20 else 2) for number in range(1, 41)]

    chart = loss_chart(steps, 90)

    assert list(chart.data[0].x) == list(range(1, 41))
    assert chart.layout.xaxis.range == (0, 90)
    (restart,) = chart.layout.shapes
    assert restart.x0 == 20.5
    assert chart.layout.annotations[0].text == "resumed after step 20"


def test_a_loss_that_is_no_number_leaves_a_gap_and_the_last_step_is_always_drawn() -> None:
    steps = [step(number) for number in range(1, 2500)] + [step(2500, loss="0.1")]
    steps[10] = step(11, loss=None)

    line = loss_chart(steps, None).data[0]

    assert len(line.x) <= 1001
    assert (line.x[-1], line.y[-1]) == (2500, 0.1)
    assert 11 not in line.x


def test_a_distribution_gives_each_share_its_percentage_and_the_many_small_ones_one_bar() -> None:
    shares = [Share("calm", "The Calm One", 30), Share("loud", "The Loud One", 10)]
    assert distribution_chart(shares).data[0].text == ("75%", "25%")
    assert [tick.split("  ")[0] for tick in distribution_chart(shares).layout.yaxis.ticktext] == [
        "The Calm One",
        "The Loud One",
    ]
    many = distribution_chart([Share(str(number), str(number), 1) for number in range(50)])
    assert sum(many.data[0].x) == 50
    assert many.layout.yaxis.ticktext[-1].endswith("more")


def test_the_months_spending_adds_up_to_what_was_spent() -> None:
    jobs = [
        spending("20.00", NOON - timedelta(days=10)),
        spending("5.00", NOON - timedelta(days=3)),
        spending("1.25", NOON),
    ]

    chart = month_chart(budget("26.25"), jobs, NOON)

    spent = chart.data[0]
    assert list(spent.y) == [0.0, 20.0, 25.0, 26.25, 26.25]
    assert list(spent.x) == sorted(spent.x)
    assert spent.x[-1] == NOON
    assert [text.text for text in chart.layout.annotations] == [
        "Limit $500.00",
        "With grace $550.00",
    ]


def test_a_job_that_ended_after_the_month_counts_at_its_edge() -> None:
    december = datetime(2026, 12, 5, tzinfo=UTC)

    spent = month_chart(budget("4.00"), [spending("4.00", december)], december).data[0]

    assert max(spent.x) == datetime(2026, 12, 1, tzinfo=UTC)
    assert spent.y[-1] == 4.0


def test_what_is_reserved_lies_hatched_on_what_is_spent() -> None:
    chart = month_chart(budget("10.00", reserved="40.00"), [spending("10.00", NOON)], NOON)

    base, top = chart.data[1:]
    assert (list(base.y), list(top.y)) == ([10.0, 10.0], [50.0, 50.0])
    assert top.fill == "tonexty"
    assert top.fillpattern.shape == "/"


def test_a_projection_leads_to_the_months_end_within_its_band() -> None:
    ahead = Projection(Decimal(90), Decimal(60), Decimal(140), "a test")

    chart = month_chart(budget("10.00", limit="50.00"), [spending("10.00", NOON)], NOON, ahead)

    least, most, expected = chart.data[1:]
    assert [line.y[-1] for line in (least, most, expected)] == [60.0, 140.0, 90.0]
    assert most.fill == "tonexty"
    assert chart.layout.yaxis.range[1] > 140


def test_past_months_are_bars_of_what_they_cost() -> None:
    months = [
        SimpleNamespace(month=date(2026, at, 1), spent=Decimal(at), reserved=Decimal(at == 11))
        for at in (10, 11)
    ]
    spent, reserved = months_chart(months).data
    assert (list(spent.x), list(spent.y)) == (["Oct 2026", "Nov 2026"], [10.0, 11.0])
    assert list(reserved.y) == [0.0, 1.0]


@pytest.mark.parametrize("limit", ["0.00", "0.01", "9999999999.99"])
def test_any_limit_can_be_drawn(limit: str) -> None:
    chart = month_chart(budget("0.50", limit=limit), [spending("0.50", NOON)], NOON)

    assert chart.layout.yaxis.range[1] > 0.5


def entered(*states: str) -> list[Any]:
    return [
        SimpleNamespace(to_status=state, at=NOON + timedelta(seconds=10 * at))
        for at, state in enumerate(states)
    ]


def test_the_timeline_gives_each_attempt_a_row_and_each_state_its_time() -> None:
    events = entered(
        *("pending_configuration", "queued", "provisioning", "starting", "running"),
        *("recovering", "provisioning", "starting", "running"),
    )

    rows = attempts(phases(events))
    drawn = timeline_html(events, NOON + timedelta(seconds=100))

    assert [len(row) for row in rows] == [5, 3]
    assert rows[0][0].began == NOON + timedelta(seconds=10)
    assert rows[-1][-1].ended is None
    assert "Attempt 2" in drawn
    assert drawn.count("aria-current=step") == 1
    assert drawn.count('<li class="next">') == 1  # completed
    assert "<span>20 s</span>" in drawn  # running since 80 s


def test_nothing_is_to_come_once_the_job_has_ended() -> None:
    drawn = timeline_html(entered("queued", "provisioning", "starting", "failed"), NOON)

    assert 'class="next"' not in drawn
    assert '<li class="now bad"' in drawn
    assert "Attempt" not in drawn


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (8040, "2 h 14 min"),
        (842_400, "9 d 18 h"),
    ],
)
def test_durations_are_told_in_their_two_largest_units(seconds: float, text: str) -> None:
    assert span(seconds) == text
