"""The preset page: what the cards say, every override, memory, and how the presets have done."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.draft import Draft
from lib.domain.estimate import published_estimate
from lib.domain.hyperparameters import LIMITS
from lib.domain.money import usd
from lib.domain.offers import published_offers
from lib.domain.people import Person
from lib.domain.presets import PARAMETER_HELP, PRESETS
from lib.services import drafts
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from tests.pages.conftest import cards, choose_card, said, unfold

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_database(installation: str) -> None:
    """Each test has a history of its own."""


def saved(actor: Person, opened: OpenDraft) -> Draft:
    return drafts.load(actor, opened.job_id).draft


def plainly(page: AppTest) -> str:
    return re.sub(r"\\(.)", r"\1", said(page))


def badges(page: AppTest) -> list[str]:
    return [found for found in plainly(page).splitlines() if "Modified from" in found]


@pytest.fixture
def balanced(person: Make, draft: Make, open_page: Make) -> tuple[Person, OpenDraft, AppTest]:
    ana = person()
    opened = draft(ana, preset="balanced")
    return ana, opened, unfold(open_page("preset", ana, opened.job_id), "overrides")


def test_a_card_shows_all_that_was_published_of_its_preset(balanced: Any) -> None:
    _, _, page = balanced
    assert not page.exception
    for name, card in cards(page, "presets").items():
        preset = PRESETS[name]
        assert (card["label"], ":material/" + card["icon"] + ":") == (preset.title, preset.icon)
        for words in (preset.description, preset.risk_explained, f"{preset.risk} risk</span>"):
            assert words in card["html"]
        tone = {"green": "good", "yellow": "fair", "orange": "warn"}[preset.risk_colour]
        assert re.search(f'class="pill {tone} tip"[^>]*>{preset.risk} risk<', card["html"])
        assert f"For: {', '.join(preset.use_cases)}." in card["html"]
        assert f"Requires {preset.vram_gb} GB of GPU memory" in card["html"]
        hours, spot, rent = preset.typical.hours, preset.typical.spot, preset.typical.on_demand
        assert f"<td>{hours[0]}–{hours[1]} hrs</td>" in card["html"]
        assert f"<td>${spot[0]}–{spot[1]}</td>" in card["html"]
        assert f"<td>${rent[0]}–{rent[1]}</td>" in card["html"]
        assert "Published typical" in card["html"]


def test_the_guide_is_linked_by_its_documented_address(balanced: Any) -> None:
    _, _, page = balanced
    link = "[Understanding LoRA Hyperparameters](/docs/hyperparameters-explained)"
    assert link in said(page)


def test_the_preset_that_suits_the_files_size_is_suggested_with_its_reason(balanced: Any) -> None:
    _, _, page = balanced
    suggested = {
        name for name, card in cards(page, "presets").items() if "Suggested for" in card["html"]
    }
    assert suggested == {"conservative"}
    assert "fewer than 150 conversations, and this file has 60" in said(page)


def test_the_technical_parameters_are_folded_away_and_each_is_explained(balanced: Any) -> None:
    _, _, page = balanced
    for name, card in cards(page, "presets").items():
        folded = card["html"].partition("<details>")[2]
        for parameter, value in PRESETS[name].hyperparameters.to_dict().items():
            label, explained = PARAMETER_HELP[parameter]
            assert html.escape(f"{label}: {explained}") in folded
            assert (", ".join(value) if isinstance(value, list) else f">{value}<") in folded


def test_each_preset_is_priced_for_this_file_on_both_tiers(balanced: Any) -> None:
    _, opened, page = balanced
    for name, card in cards(page, "presets").items():
        totals = []
        for offer in published_offers():
            estimate = published_estimate(
                training_pairs=opened.file.training_pairs,
                preset=name,
                epochs=PRESETS[name].hyperparameters.num_train_epochs,
                offer=offer,
            )
            assert f"<b>{usd(estimate.total)}</b>" in card["html"]
            totals.append(estimate.total)
        spot, on_demand = totals
        share = round(100 * (on_demand - spot) / on_demand, 1)
        assert f"Spot saves {usd(on_demand - spot)} ({share}%)" in card["html"]


def test_without_history_the_success_rate_says_so(balanced: Any) -> None:
    _, _, page = balanced
    for card in cards(page, "presets").values():
        assert "Success rate: no history yet" in card["html"]
        assert "% success" not in card["html"]
    assert "No history yet" in said(unfold(page, "preset-records"))


def test_the_success_rate_is_counted_from_rented_jobs_that_ended(
    balanced: Any, past_job: Make
) -> None:
    ana, _, page = balanced
    for status, many in (("completed", 4), ("failed", 1), ("cancelled", 2)):
        for _ in range(many):
            past_job(ana, preset="balanced", status=status, actual_hours="12")
    past_job(ana, preset="conservative", engine="local", tier="local", gpu="this-machine")
    unfold(page, "preset-records")

    assert not page.exception
    shown = cards(page, "presets")
    assert "80% success rate (based on 4 completed jobs)" in shown["balanced"]["html"]
    assert "4 of the 5 rented Balanced jobs" in shown["balanced"]["html"]
    assert "no history yet" in shown["conservative"]["html"]
    assert "On this machine 1 of 1 runs of it were completed" in shown["conservative"]["html"]
    assert re.search(
        r"Balanced, rented</th><td>5</td>.*?80 % of 5<br><small>\+20.0 %</small>", plainly(page)
    )
    assert re.search(
        r"Conservative, this machine</th><td>1</td>.*?100 % of 1<br><small>–</small>", plainly(page)
    )


def test_three_completed_jobs_of_ones_own_unlock_aggressive(balanced: Any, past_job: Make) -> None:
    ana, _, page = balanced

    def locked() -> str | None:
        return cards(page.run(), "presets")["aggressive"]["locked"]

    past_job(ana)
    past_job(ana, status="failed")
    past_job()  # somebody else's
    assert locked() == "Unlock after 3 successful training runs"
    past_job(ana)
    assert locked() is not None
    past_job(ana)
    assert locked() is None


def test_every_parameter_can_be_set_and_is_what_will_be_trained(balanced: Any) -> None:
    ana, opened, page = balanced
    values = {
        "r": 24,
        "lora_alpha": 48,
        "lora_dropout": 0.15,
        "num_train_epochs": 5,
        "per_device_train_batch_size": 3,
        "gradient_accumulation_steps": 6,
        "learning_rate": 0.00025,
        "warmup_ratio": 0.07,
    }
    for name, value in values.items():
        page.number_input(f"override-{name}").set_value(value).run()
    page.selectbox("override-lr_scheduler_type").set_value("linear").run()
    page.multiselect("override-target_modules").set_value(["v_proj", "q_proj"]).run()

    assert not page.exception
    values |= {"lr_scheduler_type": "linear", "target_modules": ["q_proj", "v_proj"]}
    assert values.keys() == LIMITS.keys()
    assert saved(ana, opened).hyperparameters.to_dict() == values
    assert len(badges(page)) == 1


def test_two_fields_that_change_in_one_run_are_both_kept(balanced: Any) -> None:
    ana, opened, page = balanced
    page.number_input("override-r").set_value(8)
    page.number_input("override-lora_alpha").set_value(16).run()
    assert saved(ana, opened).overrides == {"r": 8, "lora_alpha": 16}


def test_changes_are_marked_and_taken_back_one_by_one_or_all(balanced: Any) -> None:
    ana, opened, page = balanced
    assert badges(page) == []
    for name, value in (("r", 8), ("num_train_epochs", 2), ("lora_alpha", 16)):
        page.number_input(f"override-{name}").set_value(value).run()
    assert badges(page) != []
    assert "Rank (r): 16 → 8" in plainly(page)
    assert "Modified below" in cards(page, "presets")["balanced"]["html"]

    page.button("undo-r").click().run()
    assert saved(ana, opened).overrides == {"num_train_epochs": 2, "lora_alpha": 16}
    assert page.number_input("override-r").value == 16

    page.button("undo-all").click().run()
    assert saved(ana, opened).overrides == {}
    assert badges(page) == []
    assert page.number_input("override-lora_alpha").value == 32


def test_no_modules_at_all_are_refused_and_nothing_is_lost(balanced: Any) -> None:
    ana, opened, page = balanced
    page.number_input("override-r").set_value(8).run()
    page.multiselect("override-target_modules").set_value([]).run()

    assert "target_modules: must be at least one of" in page.toast[0].value
    assert saved(ana, opened).overrides == {"r": 8}
    assert len(page.multiselect("override-target_modules").value) == 7


def test_another_preset_starts_from_its_own_values(balanced: Any) -> None:
    ana, opened, page = balanced
    page.number_input("override-r").set_value(8).run()
    choose_card(page, "presets", "conservative")
    assert saved(ana, opened).overrides == {}
    assert badges(page) == []


def test_what_a_change_does_to_the_run_is_computed(balanced: Any) -> None:
    _, opened, page = balanced
    before = opened.draft.hyperparameters
    page.number_input("override-r").set_value(32).run()
    page.number_input("override-per_device_train_batch_size").set_value(8).run()
    assert (before.r, before.gradient_accumulation_steps) == (16, 2)
    for told in (
        "<span>Examples per step</span><b>16</b><small>4 in Balanced</small>",
        "<span>Steps per epoch</span><b>4</b><small>15 in Balanced; 12 steps in all</small>",
        "<small>207.1 M in Balanced, now 200 % of it</small>",
        "<span>GPU memory</span><b>73.4 GB</b>",
    ):
        assert told in said(page)
    assert "the published formula prices the epochs alone" in plainly(page)


def test_an_adapter_too_large_for_the_gpu_blocks_the_start(balanced: Any) -> None:
    ana, opened, page = balanced

    def blocker() -> str:
        blockers = assess(drafts.load(ana, opened.job_id)).blockers
        return "".join(found.message for found in blockers if found.code == "memory")

    page.number_input("override-r").set_value(65).run()
    reason = "Balanced with your changes needs 80.2 GB of GPU memory and H100 PCIe 80GB has 80 GB"
    assert reason in cards(page, "presets")["balanced"]["html"]
    assert blocker().startswith(reason)
    page.number_input("override-r").set_value(64).run()
    assert reason not in said(page)
    assert blocker() == ""
