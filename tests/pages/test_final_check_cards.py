"""The sections of the final check, as FR1.3.2 words them, with the figures of what was chosen."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

from lib.domain.draft import change
from lib.domain.estimate import format_hours
from lib.domain.money import percent, usd
from lib.domain.offers import ON_DEMAND_KEY, SPOT_KEY, Stock, Tier
from lib.services import drafts, templates
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from lib.services.final_check import FinalCheck, final_check
from lib.ui.review_cards import dataset_card, gpu_card, parameters_card
from lib.ui.review_costs import budget, costs
from lib.ui.review_origin import origin
from tests.rented_offers import can_be_rented, rented

Make = Callable[..., Any]


def check(actor: Any, opened: OpenDraft) -> FinalCheck:
    return final_check(actor, opened, assess(opened))


def words(html: str) -> str:
    """What a person reads of it, a space between two elements."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_training_file_is_told_with_its_figures_and_where_it_is_kept(
    person: Make, draft: Make
) -> None:
    ana = person()
    opened = draft(ana)
    card = dataset_card(opened.file)
    assert f"<b>{opened.file.name}</b>" in card
    told = words(card)
    assert f"{opened.file.conversation_count} conversations, {opened.file.training_pairs}" in told
    assert re.search(
        r"Empathy: \d\.\d/5 [✓⚠] ?, Clarity: \d\.\d/5 [✓⚠] ?, Appropriateness: \d\.\d/5 [✓⚠]", told
    )
    assert re.search(r"\d+ personas?, \d+ emotional arcs?, \d+ topics?", told)
    assert re.search(r"\d+% human-reviewed", told)
    assert re.search(r"File size [\d.,]+ [kM]B", told)
    assert f"Stored in files/{opened.file.storage_key}" in told


def test_every_parameter_is_told_by_its_name_and_explained(person: Make, draft: Make) -> None:
    ana = person()
    card = parameters_card(draft(ana, preset="balanced").draft)
    told = words(card)
    for line in (
        "Hover over any parameter for explanation",
        "Preset Balanced",
        "LoRA Rank (r) 16",
        "Learning Rate 0.0002",
        "Training Epochs 3",
        "Batch Size 2",
        "Gradient Accumulation 2 steps",
        "LoRA Alpha 32",
        "Dropout Rate 0.1",
    ):
        assert line in told, (line, told)
    assert re.search(r"Target Modules Query, Key, Value, Output\b.* projections", told)
    assert card.count("data-tip=") == 10
    assert '<span class="pill fair">Balanced</span>' in card  # the preset's colour


def test_a_changed_preset_is_told_as_modified(person: Make, draft: Make) -> None:
    ana = person()
    card = parameters_card(draft(ana, preset="balanced", overrides={"r": 4}).draft)
    assert "Balanced modified" in words(card)
    assert "LoRA Rank (r) 4" in words(card)


def test_a_spot_gpu_is_told_with_its_saving_risk_recovery_and_start(
    installation: str, person: Make, draft: Make, past_job: Make, configure: Make
) -> None:
    can_be_rented(configure, rented(), rented(tier=Tier.ON_DEMAND, rate="7.99"))
    ana = person(limit="9999.00")
    opened = draft(ana, offer_key=SPOT_KEY)
    told = words(gpu_card(check(ana, opened)))
    for line in (
        "GPU H100 PCIe 80GB",
        "Spot Instance - Save 68.8%",
        "Hourly rate $2.49/hr",
        "no history yet",
        "Automatic checkpoint recovery <10 minutes",
        "2-5 minutes to start",
    ):
        assert line in told, (line, told)

    past_job(recoveries=1)
    past_job()
    assert "50% chance based on 30-day history" in words(gpu_card(check(ana, opened)))


def test_a_scarce_gpu_on_demand_takes_longer_and_has_no_interruptions(
    installation: str, person: Make, draft: Make, configure: Make
) -> None:
    can_be_rented(configure, rented(tier=Tier.ON_DEMAND, rate="7.99", stock=Stock.LOW))
    ana = person(limit="9999.00")
    told = words(gpu_card(check(ana, draft(ana, offer_key=ON_DEMAND_KEY))))
    assert "On-Demand Instance - Guaranteed" in told
    assert "none: nothing is reclaimed by a provider" in told
    assert "5-10 minutes to start" in told


def test_each_line_of_the_cost_has_its_share_and_the_other_tier_is_compared(
    installation: str, person: Make, draft: Make, configure: Make
) -> None:
    can_be_rented(configure, rented(), rented(tier=Tier.ON_DEMAND, rate="7.99"))
    ana = person(limit="9999.00")
    found = check(ana, draft(ana, offer_key=SPOT_KEY))
    estimate, other = found.estimate, found.other_tier.estimate
    told = words(costs(found))
    names = ("GPU Compute", "Spot Interruption Buffer", "Storage & Transfer")
    for name, line in zip(names, estimate.lines, strict=True):
        share = percent(line.amount, estimate.total).normalize()
        assert f"{name}: {usd(line.amount)} (" in told, told
        assert f"[{share:f}% of total]" in told
    assert f"({format_hours(estimate.duration_hours)} × $2.49/hr)" in told
    assert f"{usd(estimate.cost_min)} - {usd(estimate.cost_max)} (±15% variance)" in told
    hours = (estimate.duration_min_hours, estimate.duration_max_hours)
    assert f"({' - '.join(map(format_hours, hours))})" in told
    saved = usd(other.total - estimate.total)
    assert f"Save {saved} vs on-demand ({usd(other.total)})" in told


def test_how_many_jobs_stay_within_the_range_is_counted(
    installation: str, person: Make, draft: Make, past_job: Make, configure: Make
) -> None:
    can_be_rented(configure, rented(), rented(tier=Tier.ON_DEMAND, rate="7.99"))
    ana = person(limit="9999.00")
    opened = draft(ana, offer_key=SPOT_KEY)
    assert "no history yet: no finished job" in words(costs(check(ana, opened)))
    for hours in (10, 10, 10, 13):
        past_job(actual_hours=hours)
    assert "75% of jobs finish within this range" in words(costs(check(ana, opened)))


def test_the_months_budget_is_a_bar_with_this_job_in_its_colour(
    person: Make, local_draft: Make
) -> None:
    ana = person(limit="12.50")
    section = budget(check(ana, local_draft(ana, cost="10.00")).impact)
    assert "fc-job fc-job-fair" in section  # 92 % of the budget
    assert "$0.00 of $12.50 used - 0%" in words(section)
    assert "+$11.50 (estimated max)" in words(section)


def test_the_template_is_linked_and_what_was_changed_since_is_told(
    person: Make, draft: Make
) -> None:
    ana = person()
    made = templates.save(ana, draft(ana).job_id, name="House <style>", shared=False)
    opened = draft(ana)
    opened = drafts.save(ana, opened, change(opened.draft, drafts.today(), template_id=str(made)))
    told = origin(check(ana, opened))
    assert f'<a href="/templates?template={made}"' in told
    assert "Based on Template: House <style>" in words(told)
    assert "modified" not in told

    changed = change(opened.draft, drafts.today(), overrides={"r": 4})
    assert "modified" in words(origin(check(ana, drafts.save(ana, opened, changed))))


def test_a_similar_job_is_linked_with_how_far_its_estimate_was_off(
    person: Make, draft: Make, past_job: Make
) -> None:
    ana = person()
    opened = draft(ana, preset="balanced")
    assert "Similar to your previous job" not in origin(check(ana, opened))
    before = past_job(ana, file=opened.file, name="Tone", actual_hours=11, estimated_hours=10)
    told = origin(check(ana, opened))
    assert f'<a href="/job?job={before}"' in told
    assert re.search(
        r"Similar to your previous job: Tone .* - Final cost was \$27\.39 vs estimated \$24\.90 "
        r"\(difference: \+10%\)",
        words(told),
    )
