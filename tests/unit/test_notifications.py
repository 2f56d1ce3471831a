"""What people are told, in which words, under which key, and on which ways by default."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from lib.domain import notifications as words
from lib.domain.budget import Budget, alert
from lib.domain.letters import Letter
from lib.domain.notifications import JOB_KINDS, MAILED, TITLES, Kind, Way
from lib.domain.spending_cap import reached_message

JOB = UUID(int=1)
MONTH = Budget(
    month=date(2026, 11, 1),
    limit=Decimal("500.00"),
    grace_percent=Decimal(10),
    spent=Decimal("300.00"),
    reserved=Decimal("0.00"),
    active_jobs=0,
)


def test_a_start_is_told_in_the_words_of_the_requirement() -> None:
    notice = words.job_started(JOB, "Workshop tone", "this machine")
    assert notice.title == "Training started for Workshop tone"
    assert notice.detail == "It runs on this machine."


def test_a_start_is_told_once_a_job_and_an_interruption_once_an_attempt() -> None:
    names = ("A", "B")
    assert len({words.job_started(JOB, name, "RunPod").key for name in names}) == 1
    assert len({words.job_interrupted(JOB, "A", number, "x").key for number in (1, 2)}) == 2
    assert len({words.job_recovered(JOB, "A", number, None).key for number in (2, 3)}) == 2
    told = [
        words.job_started(JOB, "A", "RunPod"),
        words.job_interrupted(JOB, "A", 1, "x"),
        words.job_recovered(JOB, "A", 1, 3),
        words.job_completed(JOB, "A", "x", Decimal(1)),
        words.job_failed(JOB, "A", "x", Decimal(1)),
        words.cap_near(JOB, "A", Decimal(10), Decimal(8)),
        words.cap_reached(JOB, "A", "x", Decimal(10)),
    ]
    assert len({notice.key for notice in told}) == len(told)
    assert {notice.kind for notice in told} == set(JOB_KINDS)


@pytest.mark.parametrize(("step", "whence"), [(12, "step 12"), (0, "step 0"), (None, "the begin")])
def test_a_recovery_says_from_where_it_went_on(step: int | None, whence: str) -> None:
    assert f"went on from {whence}" in words.job_recovered(JOB, "A", 2, step).detail


@pytest.mark.parametrize("step", [None, 40])
def test_the_end_at_a_cap_names_one_way_on(step: int | None) -> None:
    why = reached_message(Decimal("5.00"), Decimal("5.00"), step)
    detail = words.cap_reached(JOB, "A", why, Decimal("5.00")).detail
    assert ("can be continued" in detail) == (step is not None)
    assert ("Start a new job" in detail) == (step is None)


def test_a_failure_says_what_happened_what_to_do_next_and_what_it_cost() -> None:
    why = "The machine ran out of memory. Choose a lower rank\nand start again"
    assert words.job_failed(JOB, "A", why, Decimal("1.2")).detail == (
        "The machine ran out of memory. Choose a lower rank and start again. The run cost $1.20."
    )


def test_a_cap_is_told_of_once_a_job_with_its_figures() -> None:
    near = words.cap_near(JOB, "Tone", Decimal("12.65"), Decimal("10.20"))
    assert near.title == "81% of the spending cap used by Tone"
    assert "$10.20 of its spending cap of $12.65" in near.detail
    assert near.key == words.cap_near(JOB, "Tone", Decimal("12.65"), Decimal("12.00")).key
    reached = words.cap_reached(JOB, "Tone", "Ended at step 40", Decimal("12.65"))
    assert reached.title == "Training ended at its spending cap for Tone"
    assert reached.detail.startswith("Ended at step 40. No more than $12.65")


@pytest.mark.parametrize(
    ("spent", "kind"),
    [
        ("399.00", None),
        ("400.00", Kind.BUDGET_ALERT),
        ("449.00", Kind.BUDGET_ALERT),
        ("450.00", Kind.BUDGET_CRITICAL),
        ("600.00", Kind.BUDGET_CRITICAL),
    ],
)
def test_the_budget_is_told_of_at_eighty_and_ninety_percent(spent: str, kind: Kind | None) -> None:
    budget = replace(MONTH, spent=Decimal(spent))
    notice = words.budget_used(JOB, budget)
    assert (notice and notice.kind) == kind
    assert (notice and notice.detail) == alert(budget)


def test_what_is_reserved_counts_as_used() -> None:
    assert words.budget_used(JOB, replace(MONTH, reserved=Decimal("150.00"))) is not None


def test_each_level_of_a_limit_is_told_once_a_month() -> None:
    def key(budget: Budget) -> str:
        notice = words.budget_used(JOB, budget)
        assert notice is not None
        return notice.key

    at_80 = replace(MONTH, spent=Decimal(400))
    assert key(at_80) == key(replace(at_80, spent=Decimal(420)))
    others = [
        replace(at_80, spent=Decimal(450)),
        replace(at_80, month=date(2026, 12, 1)),
        replace(at_80, limit=Decimal("490.00")),
    ]
    assert len({key(at_80), *map(key, others)}) == 4


def test_a_month_without_a_limit_is_not_told_of() -> None:
    assert words.budget_used(JOB, replace(MONTH, limit=Decimal(0))) is None


def test_the_bell_has_everything_and_mail_what_somebody_has_to_look_at() -> None:
    assert all(words.default(kind, Way.BELL) for kind in Kind)
    assert {kind for kind in Kind if words.default(kind, Way.MAIL)} == MAILED
    assert Kind.JOB_STARTED not in MAILED
    assert set(TITLES) == set(Kind)
    assert all(words.leads_to(kind) for kind in Kind)


def test_the_letter_leads_to_the_job_and_to_where_it_is_switched_off() -> None:
    notice = words.job_failed(JOB, "Tone", "It broke. Start again.", Decimal(0))
    letter = words.letter(notice, "https://desk/job", "https://desk/notifications")
    assert letter.subject == letter.lead == "Training failed for Tone"
    assert letter.quote == ("What happened", "It broke. Start again. The run cost $0.00.")
    assert [(button.label, button.url) for button in letter.buttons] == [
        ("Open the job", "https://desk/job")
    ]
    assert letter.closing.endswith("https://desk/notifications")


def test_a_budget_letter_says_the_alert_in_full() -> None:
    budget = replace(MONTH, spent=Decimal(450))
    notice = words.budget_used(JOB, budget)
    assert notice is not None
    letter = words.letter(notice, "https://desk/budget", "https://desk/notifications")
    assert letter.lead == alert(budget)
    assert letter.quote is None


def test_a_request_is_told_in_the_words_of_its_letter() -> None:
    letter = Letter("budget_request", "Ana asks for $800.00", "Ana asks for $800.00, at once.")
    first, again = (words.request_asked(JOB, letter, said) for said in ("", "Reminder: "))
    assert (first.title, first.detail) == (letter.subject, letter.lead)
    assert first.key != again.key
    assert words.request_decided(JOB, letter).key not in (first.key, again.key)


def test_in_the_chat_a_name_calls_nobody_and_hides_no_link() -> None:
    notice = words.job_started(JOB, "@everyone <!here> [x](http://evil)", "this machine")
    said, link = words.chat_text(notice, "https://desk/job").split("\n")
    assert link == "https://desk/job"
    for call in ("@everyone", "<!here", "]("):
        assert call not in said
    assert said.replace("\u2060", "").startswith("Training started for @everyone <!here>")
