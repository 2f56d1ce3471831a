"""The GPU page: the toggle, the recommendation, the question before a dear choice, the deadline."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.draft import Draft
from lib.domain.history import NO_HISTORY, History, Tally
from lib.domain.money import usd
from lib.domain.offers import LOCAL_KEY, ON_DEMAND_KEY, SPOT_KEY, Tier, published_offers
from lib.domain.people import Person
from lib.services import drafts, offers
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from lib.services.estimates import Priced, Pricing
from lib.ui.cost_charts import cost_comparison
from lib.ui.offer_cards import offer_card
from lib.ui.offer_words import performance
from tests.fake_runpod.client import FakeRunPod
from tests.pages.conftest import cards, said

Make = Callable[..., Any]
TOGGLE, DEADLINE = "gpu-toggle", "deadline"


@pytest.fixture(autouse=True)
def own_database(installation: str) -> None:
    """Each test has a market of its own."""


def saved(actor: Person, opened: OpenDraft) -> Draft:
    return drafts.load(actor, opened.job_id).draft


def toggle(page: AppTest, tier: Tier) -> AppTest:
    return page.segmented_control(TOGGLE).set_value(tier).run()


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def plainly(page: AppTest) -> str:
    """What the page says, as it is read: without the escapes of markdown."""
    return re.sub(r"\\(.)", r"\1", said(page))


@pytest.fixture
def cheap(person: Make, draft: Make, open_page: Make) -> tuple[Person, OpenDraft, AppTest]:
    """A draft whose on-demand estimate stays below $150: nothing is asked."""
    ana = person()
    opened = draft(ana, preset="conservative", overrides={"num_train_epochs": 1})
    return ana, opened, open_page("gpu", ana, opened.job_id)


@pytest.fixture
def dear(person: Make, draft: Make, open_page: Make) -> tuple[Person, OpenDraft, AppTest]:
    """A draft that is asked about when it is taken on demand."""
    ana = person(limit="5000.00")
    opened = draft(ana, preset="balanced")
    return ana, opened, open_page("gpu", ana, opened.job_id)


def test_the_toggle_has_the_two_options_and_recommends_by_the_rule_below_it(cheap: Any) -> None:
    _, _, page = cheap
    assert not page.exception
    control = page.segmented_control(TOGGLE)
    assert control.options == ["Spot Instance (Recommended)", "On-Demand Instance"]
    assert control.value == Tier.SPOT
    assert "Cost-effective choice for most training runs" in plainly(page)


def test_a_long_run_is_recommended_on_demand_and_the_label_says_so_too(dear: Any) -> None:
    _, _, page = dear
    assert "Long training run - on-demand guarantees completion" in plainly(page)
    assert page.segmented_control(TOGGLE).options == [
        "Spot Instance",
        "On-Demand Instance (Recommended)",
    ]


def test_a_tight_budget_is_recommended_spot_with_the_amount(
    person: Make, draft: Make, open_page: Make
) -> None:
    ana = person(limit="20.00")
    opened = draft(ana, preset="conservative", overrides={"num_train_epochs": 1})
    page = open_page("gpu", ana, opened.job_id)
    assert re.search(r"Budget optimization - spot instances save \$\d+\.\d\d", plainly(page))


def test_the_toggle_saves_the_choice_at_once(cheap: Any) -> None:
    ana, opened, page = cheap
    toggle(page, Tier.ON_DEMAND)
    assert not page.exception
    assert saved(ana, opened).offer_key == ON_DEMAND_KEY
    toggle(page, Tier.SPOT)
    assert saved(ana, opened).offer_key == SPOT_KEY


def test_what_spot_saves_is_computed_from_both_estimates(cheap: Any) -> None:
    _, opened, page = cheap
    spot, on_demand = (assess(opened).of(key).estimate for key in (SPOT_KEY, ON_DEMAND_KEY))
    saving = on_demand.total - spot.total
    share = round(100 * saving / on_demand.total, 1)
    assert f":green[**Spot saves ${saving} ({share}%)**] on this job." in plainly(page)
    shown = cards(page, "offers")
    assert f"${saving} less than on demand for this job ({share}%)" in shown[SPOT_KEY]["html"]
    assert f"none: ${saving} more than spot" in shown[ON_DEMAND_KEY]["html"]


def test_the_totals_stand_side_by_side_as_bars_of_their_lines(cheap: Any) -> None:
    _, opened, _ = cheap
    found = assess(opened)
    spot, on_demand = (found.of(key) for key in (SPOT_KEY, ON_DEMAND_KEY))
    chart = cost_comparison([spot, on_demand])
    bars = {bar.name: dict(zip(bar.y, bar.x, strict=True)) for bar in chart.data}
    compute, buffer = bars["GPU Compute"], bars["Spot Interruption Buffer"]
    for priced in (spot, on_demand):
        title = priced.offer.title
        assert compute[title] == float(priced.estimate.gpu_compute)
        assert buffer[title] == float(priced.estimate.spot_buffer)
    assert buffer[spot.offer.title] > 0
    assert {note.text for note in chart.layout.annotations} == {
        f"<b>{usd(priced.estimate.total)}</b>" for priced in (spot, on_demand)
    }


def test_the_cards_say_of_each_tier_what_the_requirement_says(cheap: Any) -> None:
    _, _, page = cheap
    shown = {key: html.unescape(card["html"]) for key, card in cards(page, "offers").items()}
    for key, words in {
        SPOT_KEY: (
            '<b class="num">$2.49/hr</b><small>H100 PCIe 80GB · Current rate, published default',
            "Save 68.8% ($5.50/hr)",
            "10-30% interruption chance based on datacenter demand",
            "Resume within 10 minutes from last checkpoint (saved every 100 steps)",
            "Best for non-urgent training, cost optimization",
            "Success rate: no history yet",
            "Interruption rate: no history yet",
        ),
        ON_DEMAND_KEY: (
            '<b class="num">$7.99/hr</b><small>H100 PCIe 80GB · Fixed rate, published default',
            "Fixed rate $7.99/hr (no fluctuation)",
            "100% uptime guaranteed",
            "Zero interruption risk",
            "Finish exactly when estimated, no recovery delays",
            "Best for client deadlines, mission-critical training",
        ),
    }.items():
        assert [text for text in words if text not in shown[key]] == []
        sections = re.findall("<h4>([^<]+)</h4><ul><li>", shown[key])
        assert sections == [
            *("Key benefits", "Trade-offs"),
            *("Cost savings", "Historical performance"),
        ]


def test_while_this_machine_is_chosen_neither_side_of_the_toggle_is(
    person: Make, draft: Make, open_page: Make
) -> None:
    ana = person()
    page = open_page("gpu", ana, draft(ana, offer_key=LOCAL_KEY).job_id)
    assert page.segmented_control(TOGGLE).value is None


def test_a_dear_choice_is_asked_about_in_the_words_of_the_requirement(dear: Any) -> None:
    ana, opened, page = dear
    toggle(page, Tier.ON_DEMAND)
    assert re.search(
        r"High-Cost On-Demand Instance - Estimated cost: \$[\d,.]+\. Spot instance would save "
        r"\$[\d,.]+\. Are you sure\?",
        plainly(page),
    )
    assert {"Recommended: Use Spot", "Continue with On-Demand", "Cancel"} <= set(labels(page))
    assert saved(ana, opened).offer_key == SPOT_KEY
    assert page.segmented_control(TOGGLE).value == Tier.SPOT


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        ("Recommended: Use Spot", SPOT_KEY),
        ("Continue with On-Demand", ON_DEMAND_KEY),
        ("Cancel", LOCAL_KEY),
    ],
)
def test_each_answer_does_what_it_says_and_closes_the_question(
    person: Make, draft: Make, open_page: Make, answer: str, taken: str
) -> None:
    ana = person(limit="5000.00")
    opened = draft(ana, preset="balanced", offer_key=LOCAL_KEY)
    page = open_page("gpu", ana, opened.job_id)
    toggle(page, Tier.ON_DEMAND)
    assert saved(ana, opened).offer_key == LOCAL_KEY  # nothing before an answer
    press(page, answer)
    assert not page.exception
    assert saved(ana, opened).offer_key == taken
    assert "Cancel" not in labels(page)


def test_who_has_a_dear_offer_already_is_not_asked_again(
    person: Make, draft: Make, open_page: Make
) -> None:
    ana = person()
    opened = draft(ana, preset="balanced", offer_key=ON_DEMAND_KEY)
    page = open_page("gpu", ana, opened.job_id)
    assert "Cancel" not in labels(page)
    toggle(page, Tier.SPOT)
    assert saved(ana, opened).offer_key == SPOT_KEY


def enter(page: AppTest, moment: datetime | None) -> AppTest:
    """Types a deadline, in the billing time zone."""
    return page.datetime_input(DEADLINE).set_value(moment).run()


def test_a_deadline_is_kept_in_utc_and_shown_in_the_billing_time_zone(
    person: Make, draft: Make, open_page: Make, configure: Make
) -> None:
    configure(BILLING_TIME_ZONE="Asia/Tokyo")
    ana = person()
    opened = draft(ana)
    page = open_page("gpu", ana, opened.job_id)
    entered = datetime(2031, 7, 1, 9, 30)
    enter(page, entered)
    assert not page.exception
    assert saved(ana, opened).deadline == datetime(2031, 7, 1, 0, 30, tzinfo=UTC)
    assert open_page("gpu", ana, opened.job_id).datetime_input(DEADLINE).value == entered
    enter(page, None)
    assert saved(ana, opened).deadline is None


def test_a_past_deadline_is_refused_with_what_was_entered_still_there(cheap: Any) -> None:
    ana, opened, page = cheap
    entered = datetime(2020, 2, 29, 12)
    enter(page, entered)
    told = "Deadline: 29 Feb 2020, 12:00 has passed. Choose a later date and time."
    assert told in plainly(page)
    assert page.datetime_input(DEADLINE).value == entered
    assert saved(ana, opened).deadline is None
    enter(page, datetime(2031, 7, 1, 9, 30))
    assert "has passed" not in plainly(page)
    assert saved(ana, opened).deadline is not None


def test_a_near_deadline_moves_the_recommendation_and_one_too_near_is_warned_of(
    cheap: Any,
) -> None:
    _, _, page = cheap
    enter(page, (datetime.now(UTC) + timedelta(hours=2)).replace(tzinfo=None))
    assert "Urgent deadline - guaranteed completion" in plainly(page)
    assert "this job would end" in plainly(page)
    enter(page, (datetime.now(UTC) + timedelta(days=60)).replace(tzinfo=None))
    assert "Urgent deadline" not in plainly(page)
    assert "this job would end" not in plainly(page)


def test_a_deadline_that_has_passed_since_is_told(
    person: Make, draft: Make, open_page: Make
) -> None:
    ana = person()
    opened = draft(ana, deadline=datetime.now(UTC) - timedelta(hours=1))
    page = open_page("gpu", ana, opened.job_id)
    assert not page.exception
    assert "has passed. Choose a later date and time." in plainly(page)


def test_without_a_key_the_rates_are_said_to_be_published(cheap: Any) -> None:
    _, _, page = cheap
    assert "Published default rates" in plainly(page)
    assert "RunPod is not connected" in plainly(page)
    assert next(button for button in page.button if button.label == "Refresh rates").disabled


def test_the_refresh_button_brings_runpods_rates_and_says_when(
    cheap: Any, runpod: FakeRunPod
) -> None:
    _, _, page = cheap
    page.run()
    press(page, "Refresh rates")
    assert not page.exception
    assert "Rates fetched just now from RunPod" in plainly(page)
    assert "High spot demand currently (RunPod's stock: LOW)" in plainly(page)
    assert "set TRAINER_IMAGE" in plainly(page)


def test_a_refresh_that_fails_says_why_and_keeps_the_rates(cheap: Any, runpod: FakeRunPod) -> None:
    _, _, page = cheap
    before = offers.offers()
    runpod.be(faults={"rest": ["429"]})
    page.run()
    press(page, "Refresh rates")
    assert "RunPod asks to be asked again in 12 seconds" in plainly(page)
    assert [offer.hourly_rate for offer in offers.offers()] == [
        offer.hourly_rate for offer in before
    ]


def test_other_gpus_are_listed_with_what_this_job_would_cost_there(
    cheap: Any, runpod: FakeRunPod
) -> None:
    ana, _, page = cheap
    offers.refresh(ana)
    page.run()
    assert not page.exception
    table = page.dataframe[0].value
    assert set(table["GPU"]) == {"A100 PCIe 80GB", "H100 SXM 80GB", "H200 SXM 141GB"}
    assert list(table["Rate / hr"]) == sorted(table["Rate / hr"])
    assert (table["This job"] > 0).all()


def test_a_gpu_without_spot_has_no_spot_taken_from_another(
    person: Make, draft: Make, open_page: Make, runpod: FakeRunPod
) -> None:
    ana = person()
    offers.refresh(ana)
    h200 = "runpod/NVIDIA H200/on_demand"
    opened = draft(ana, preset="conservative", offer_key=h200)
    page = open_page("gpu", ana, opened.job_id)
    assert not page.exception
    assert "No on-demand capacity currently (RunPod's stock: NONE)" in plainly(page)
    toggle(page, Tier.SPOT)
    assert saved(ana, opened).offer_key == h200
    assert page.segmented_control(TOGGLE).value == Tier.ON_DEMAND


def test_withdrawn_spot_says_so_beside_its_published_rate(cheap: Any, runpod: FakeRunPod) -> None:
    ana, _, page = cheap
    runpod.be(spot={})
    offers.refresh(ana)
    page.run()
    assert "RunPod no longer offers spot instances of this GPU to this account" in plainly(page)


def test_the_technical_terms_are_explained(cheap: Any) -> None:
    _, _, page = cheap
    helps = {caption.value: caption.help for caption in page.caption if caption.help}
    assert {term: re.sub(r"\\(.)", r"\1", said) for term, said in helps.items()} == {
        "Spot Instance": "Unused datacenter capacity offered at discount - may be reclaimed if "
        "needed, but we automatically save progress and resume quickly",
        "On-Demand": "Dedicated GPU guaranteed for your job duration - no interruptions, but costs "
        "3.2x more",
        "Checkpoint": "Progress snapshot saved every 100 training steps - enables recovery from "
        "exact point if interrupted",
    }


def test_user_text_and_provider_text_in_a_card_are_text() -> None:
    offer = replace(published_offers()[0], gpu_title="<img src=x onerror=alert(1)>")
    card = offer_card(
        Priced(offer, Pricing.READY), None, NO_HISTORY, datetime.now(UTC), recommended=True
    )
    assert "<img" not in card.html
    assert "&lt;img" in card.html
    assert "Recommended" in card.html


def test_a_card_states_the_history_of_its_tier_over_the_stated_windows() -> None:
    history = History(
        (
            Tally(
                engine="runpod",
                gpu="H100_PCIE_80GB",
                tier=Tier.SPOT,
                preset="balanced",
                completed=21,
                failed=1,
                recent=11,
                recent_interrupted=2,
            ),
        )
    )
    assert performance(history, Tier.SPOT) == [
        "95.5% of spot jobs complete successfully (based on last 90 days)",
        "21 of 22; 78-99% with 95% confidence",
        "18% interruption rate (last 30 days)",
    ]
    assert performance(history, Tier.ON_DEMAND) == ["Success rate: no history yet"]
