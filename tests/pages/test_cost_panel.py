"""The cost panel: every figure from the one estimate, every claim counted, each move told."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.draft import change
from lib.domain.money import usd
from lib.domain.offers import LOCAL_KEY, ON_DEMAND_KEY, SPOT_KEY
from lib.services import accounts, calibration, drafts
from lib.services.assessment import assess
from tests.conftest import measured
from tests.pages.conftest import said

Make = Callable[..., Any]


def panel_of_the_address() -> None:
    """A script for AppTest: the panel alone."""
    from lib.ui import cost_panel
    from lib.ui.guard import guard

    cost_panel.draw(guard())


@pytest.fixture
def panel(database: Any) -> Callable[..., AppTest]:
    """`panel(actor, job_id)`: the panel as the actor sees it."""

    def run(actor: Any, job_id: object) -> AppTest:
        page = AppTest.from_function(panel_of_the_address, default_timeout=20)
        page.session_state["session_id"] = accounts.open_session(actor.email)
        page.query_params["job"] = str(job_id)
        return page.run()

    return run


def save(actor: Any, job_id: Any, **changes: Any) -> None:
    opened = drafts.load(actor, job_id)
    drafts.save(actor, opened, change(opened.draft, drafts.today(), **changes))


def shown(page: AppTest) -> str:
    assert not page.exception
    return html.unescape(said(page))


def test_every_figure_of_the_panel_is_the_estimates(person: Make, draft: Make, panel: Make) -> None:
    actor = person()
    opened = draft(actor, preset="balanced")
    text = shown(panel(actor, opened.job_id))
    estimate = assess(opened).estimate
    assert f"{usd(estimate.cost_min)} – {usd(estimate.cost_max)}" in text
    for line in estimate.lines:
        assert usd(line.amount) in text
        assert line.detail in text
    done = datetime.now(UTC) + timedelta(hours=float(estimate.duration_hours))
    told = [f"{done - timedelta(minutes=ago):%a %d %b, %H:%M}" for ago in (0, 1)]
    assert any(f"Estimated completion: {when} (assuming spot prov" in text for when in told)
    assert "(assuming spot provisioning <5 min)" in text
    assert "Spot instances offer 68.8% savings." in text


def test_without_history_the_panel_claims_none(
    installation: str, person: Make, draft: Make, panel: Make
) -> None:
    actor = person()
    text = shown(panel(actor, draft(actor, preset="balanced").job_id))
    assert "no finished run to compare with yet" in text
    assert "±15% variance as published." in text
    assert "historical job" not in text


def test_history_is_stated_with_its_true_counts(
    installation: str, person: Make, draft: Make, past_job: Make, panel: Make
) -> None:
    actor = person()
    opened = draft(actor, preset="balanced")
    for hours in ("10.5", "9", "12", "11"):
        past_job(actor, file=opened.file, estimated_hours="10", actual_hours=hours)
    past_job(actor, file=opened.file, recoveries=1, status="failed")
    text = shown(panel(actor, opened.job_id))
    assert "±15% variance based on 4 historical jobs. Actual cost depends on" in text
    assert "75% confidence this estimate is accurate within range" in text
    assert "Past estimates within ±11% for Balanced preset (4 runs)" in text
    assert "1 of 5 spot jobs interrupted, last 30 days" in text


def test_another_gpu_strikes_the_previous_estimate_through(
    person: Make, draft: Make, panel: Make
) -> None:
    actor = person()
    opened = draft(actor, offer_key=SPOT_KEY)
    page = panel(actor, opened.job_id)
    spot = assess(opened).estimate.total
    save(actor, opened.job_id, offer_key=ON_DEMAND_KEY)
    text = shown(page.run())
    rent = assess(drafts.load(actor, opened.job_id)).estimate.total
    assert f'<s class="num">{usd(spot)}</s>' in text
    assert f'<b class="num up">{usd(rent)}</b>' in text
    assert f"↑ {usd(rent - spot)} increase" in text
    save(actor, opened.job_id, offer_key=SPOT_KEY)
    text = shown(page.run())
    assert f'<s class="num">{usd(rent)}</s>' in text
    assert f'<b class="num down">{usd(spot)}</b>' in text
    assert f"↓ {usd(rent - spot)} saved" in text
    assert 'class="range num moved"' in text  # the new figure moves in


def test_any_other_change_is_told_against_the_previous_estimate(
    person: Make, draft: Make, panel: Make
) -> None:
    actor = person()
    opened = draft(actor, preset="conservative")
    page = panel(actor, opened.job_id)
    before = assess(opened).estimate.total
    save(actor, opened.job_id, overrides={"num_train_epochs": 4})
    text = shown(page.run())
    now = assess(drafts.load(actor, opened.job_id)).estimate.total
    assert re.search(rf">\{usd(before)}</span> → +<b [^>]*>\{usd(now)}</b>", text)
    assert "higher than previous estimate (+" in text
    assert "<s " not in text
    assert "higher than previous estimate" in shown(page.run())  # a rerun alone changes nothing


def test_too_dear_a_job_gets_the_budget_error(person: Make, draft: Make, panel: Make) -> None:
    actor = person(limit="10.00")
    opened = draft(actor, preset="balanced")
    estimate = assess(opened).estimate
    assert (
        f"❌ Insufficient Budget: Estimated {usd(estimate.cost_max)} exceeds remaining budget "
        "$10.00. Increase budget limit or adjust configuration."
    ) in shown(panel(actor, opened.job_id))


def test_a_run_here_says_what_it_rests_on(person: Make, draft: Make, panel: Make) -> None:
    actor = person()
    opened = draft(actor, offer_key=LOCAL_KEY)
    measured(opened, hours=Decimal("0.01"))
    text = shown(panel(actor, opened.job_id))
    assert "Basis: 20 measured steps on this machine" in text
    assert "spot provisioning" not in text


def test_a_calibrated_estimate_says_what_it_learned_from_and_how_sure_it_is(
    installation: str, person: Make, draft: Make, past_job: Make, panel: Make
) -> None:
    actor, manager = person(), person(role="manager")
    opened = draft(actor, preset="balanced")
    for hours in ("11", "12", "11.5", "12.5"):  # the formula says much more for this file
        past_job(actor, file=opened.file, estimated_hours="60", actual_hours=hours)
    before = assess(opened).estimate
    calibration.refit(manager)
    after = assess(opened).estimate
    assert before.algorithm_version == 1
    assert after.algorithm_version == 2
    assert 10 < after.duration_hours < 14 < before.duration_hours
    assert (after.track.runs, after.track.inside) == (4, 4)  # the back-test's, not the past's 0
    text = shown(panel(actor, opened.job_id))
    assert "Basis: published formula corrected by 4 finished runs" in text
    assert "100% confidence this estimate is accurate within range" in text
