"""The final check: figures from the real alternatives, and a start held against what was shown."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from lib.domain.draft import change
from lib.domain.money import percent, usd
from lib.domain.offers import ON_DEMAND_KEY
from lib.domain.review import Shown
from lib.domain.states import JobStatus
from lib.services import budgets, drafts, jobs, starting, templates
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from lib.services.errors import StartRefused
from lib.services.final_check import FinalCheck, final_check, shown
from tests.conftest import measured

Make = Callable[..., Any]


def check(actor: Any, opened: OpenDraft) -> FinalCheck:
    return final_check(actor, opened, assess(opened))


def codes(found: FinalCheck) -> list[str]:
    return [notice.code for notice in found.notices]


def test_what_conservative_saves_is_what_it_would_really_cost(person: Make, draft: Make) -> None:
    ana = person(limit="9999.00")
    opened = draft(ana, preset="balanced", offer_key=ON_DEMAND_KEY)
    found = check(ana, opened)
    (warning,) = (notice for notice in found.notices if notice.code == "cost")
    cheaper = drafts.save(ana, opened, change(opened.draft, drafts.today(), preset="conservative"))
    after = assess(cheaper).estimate
    saved = percent(found.estimate.total - after.total, found.estimate.total)
    assert f"This job will cost {usd(found.estimate.total)}." in warning.text
    assert f"reduce cost by {saved:.0f}%." in warning.text
    assert found.other_tier.estimate.total < found.estimate.total  # spot, beside on demand


def test_the_first_job_is_told_apart_from_the_second(
    person: Make, local_draft: Make, past_job: Make
) -> None:
    ana = person()
    opened = local_draft(ana)
    assert "first" in codes(check(ana, opened))
    past_job(ana, status="failed")
    assert "first" not in codes(check(ana, opened))


def test_the_newest_completed_job_of_the_owner_with_that_file_or_preset_is_similar(
    person: Make, draft: Make, past_job: Make
) -> None:
    ana = person()
    opened = draft(ana, preset="balanced")
    past_job(person(), file=opened.file, preset="balanced", name="Somebody else's")
    past_job(ana, preset="conservative", name="Another file and preset")
    past_job(ana, file=opened.file, status="failed", name="Failed", days_ago=0.1)
    assert check(ana, opened).similar is None

    past_job(ana, file=opened.file, preset="conservative", name="Same file", days_ago=3)
    assert check(ana, opened).similar.name == "Same file"
    past_job(
        ana, preset="balanced", name="Same preset", days_ago=2, actual_hours=11, estimated_hours=10
    )
    similar = check(ana, opened).similar
    assert similar.name == "Same preset"
    assert similar.text == "Final cost was $27.39 vs estimated $24.90 (difference: +10%)"


def test_the_template_is_named_to_those_who_may_see_it(
    person: Make, draft: Make, local_draft: Make
) -> None:
    ana, max_ = person(), person()
    made = templates.save(ana, draft(ana).job_id, name="House style", shared=False)
    opened = local_draft(ana)
    opened = drafts.save(ana, opened, change(opened.draft, drafts.today(), template_id=str(made)))
    template, modified = check(ana, opened).template
    assert (template.id, template.name, modified) == (made, "House style", True)  # another GPU
    assert check(max_, opened).template is None


def refused(actor: Any, job_id: UUID, digest: str, seen: Shown) -> StartRefused:
    with pytest.raises(StartRefused) as raised:
        starting.start(actor, job_id, digest, seen=seen)
    assert raised.value.code == "changed"
    assert jobs.status_of(actor, job_id).status == JobStatus.PENDING_CONFIGURATION
    return raised.value


def changes(error: StartRefused) -> dict[str, tuple[str, str]]:
    return {change.label: (change.before, change.now) for change in error.changes}


def test_a_start_names_the_price_that_moved_since_it_was_shown(
    person: Make, local_draft: Make, configure: Make
) -> None:
    ana = person()
    opened = local_draft(ana, cost="10.00")
    seen = assess(opened)
    configure(LOCAL_HOURLY_RATE="2.00")
    found = changes(refused(ana, opened.job_id, seen.digest, shown(seen)))
    assert found["Hourly rate"] == ("$1.00/hr", "$2.00/hr")
    assert found["Estimated cost"] == ("$8.50-11.50", "$17-23")
    now = assess(opened)
    starting.start(ana, opened.job_id, now.digest, seen=shown(now))
    assert jobs.status_of(ana, opened.job_id).status == JobStatus.QUEUED


def test_a_start_names_the_budget_that_moved_though_the_price_did_not(
    person: Make, local_draft: Make
) -> None:
    owner, ana = person(role="owner"), person(limit="500.00")
    opened, other = local_draft(ana), local_draft(ana)
    seen = assess(opened)
    budgets.set_limit(owner, ana.id, Decimal("400.00"))
    starting.start(ana, other.job_id, assess(other).digest)
    found = changes(refused(ana, opened.job_id, seen.digest, shown(seen)))
    assert found == {
        "Monthly budget": ("$500.00", "$400.00"),
        "Used of the budget": ("$0.00", "$11.50"),
    }


def test_a_start_names_what_another_tab_changed(person: Make, local_draft: Make) -> None:
    ana = person()
    opened = local_draft(ana)
    seen = assess(opened)
    other = drafts.save(
        ana, opened, change(opened.draft, drafts.today(), overrides={"r": 4}, name="Other name")
    )
    measured(other, hours=Decimal(10))
    found = changes(refused(ana, opened.job_id, seen.digest, shown(seen)))
    assert found["Job"][1] == "Other name"
    assert found["Rank (r)"][1] == "4"


def test_stock_is_among_what_was_shown(person: Make, draft: Make, runpod: Any) -> None:
    ana = person()
    figures = shown(assess(draft(ana))).figures
    assert figures["Stock"] == "not stated"
    assert {"Training file", "Hourly rate", "Estimated cost", "Monthly budget"} <= set(figures)
