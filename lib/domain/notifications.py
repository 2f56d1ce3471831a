"""What people are told of (FR1.3.2): the kinds, the ways on which each goes out, and the words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from lib.domain.budget import ALERT_PERCENT, CRITICAL_PERCENT, Budget, alert
from lib.domain.letters import Button, Letter
from lib.domain.money import usd
from lib.domain.sharing import uncalled
from lib.domain.spending_cap import NEAR_PERCENT, used_percent

LISTED = 50  # of the bell's page
MOST_COUNTED = 99  # the bell says `99+` above
KEPT = timedelta(days=90)  # from when a notification was read


class Kind(StrEnum):
    """The occasions, in the order in which the preferences list them."""

    JOB_STARTED = "job_started"
    JOB_INTERRUPTED = "job_interrupted"
    JOB_RECOVERED = "job_recovered"
    JOB_COMPLETED = "job_completed"
    JOB_FAILED = "job_failed"
    JOB_CAP_NEAR = "job_cap_near"
    JOB_CAP_REACHED = "job_cap_reached"
    BUDGET_ALERT = "budget_alert"
    BUDGET_CRITICAL = "budget_critical"
    REQUEST_ASKED = "request_asked"
    REQUEST_DECIDED = "request_decided"
    RUN_NOT_ENDED = "run_not_ended"


class Way(StrEnum):
    """How one person is told. The team's chat is for all of them, and no person's choice."""

    BELL = "bell"
    MAIL = "mail"


TITLES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.JOB_STARTED: "Training started",
        Kind.JOB_INTERRUPTED: "Training interrupted",
        Kind.JOB_RECOVERED: "Training goes on after an interruption",
        Kind.JOB_COMPLETED: "Training completed",
        Kind.JOB_FAILED: "Training failed",
        Kind.JOB_CAP_NEAR: f"{NEAR_PERCENT} % of a job's spending cap used",
        Kind.JOB_CAP_REACHED: "Training ended at its spending cap",
        Kind.BUDGET_ALERT: f"{ALERT_PERCENT} % of the monthly budget used",
        Kind.BUDGET_CRITICAL: f"{CRITICAL_PERCENT} % of the monthly budget used",
        Kind.REQUEST_ASKED: "Somebody asks you for a higher limit",
        Kind.REQUEST_DECIDED: "Your request for a higher limit is decided",
        Kind.RUN_NOT_ENDED: "A run cannot be ended and may go on costing money",
    }
)
#: What the team's chat may be told of.
JOB_KINDS = tuple(kind for kind in Kind if kind.startswith("job_"))
#: What goes by mail as well, until somebody chooses otherwise; the bell has everything.
MAILED = frozenset(
    {
        *(Kind.JOB_COMPLETED, Kind.JOB_FAILED, Kind.JOB_CAP_NEAR, Kind.JOB_CAP_REACHED),
        *(Kind.BUDGET_ALERT, Kind.BUDGET_CRITICAL),
        *(Kind.REQUEST_ASKED, Kind.REQUEST_DECIDED, Kind.RUN_NOT_ENDED),
    }
)
#: The page that a kind leads to, and the words on the button.
_LEADS_TO: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(JOB_KINDS, ("job", "Open the job")),
        Kind.BUDGET_ALERT: ("budget", "Open the budget"),
        Kind.BUDGET_CRITICAL: ("budget", "Open the budget"),
        Kind.REQUEST_ASKED: ("approvals", "Open the request"),
        Kind.REQUEST_DECIDED: ("approvals", "Open your requests"),
        Kind.RUN_NOT_ENDED: ("status", "Open the status page"),
    }
)


@dataclass(frozen=True)
class Notice:
    """One thing that happened, for one person.

    `key` names it: of several notices with one key a person gets the first. Texts are plain text.
    """

    kind: Kind
    key: str
    title: str
    detail: str = ""

    @property
    def page(self) -> str:
        """The name of the page that shows more."""
        return leads_to(self.kind)[0]


def leads_to(kind: Kind) -> tuple[str, str]:
    """The page's name, and what the button to it says."""
    return _LEADS_TO[kind]


def default(kind: Kind, way: Way) -> bool:
    """Whether a person who has chosen nothing is told of this kind this way."""
    return way is Way.BELL or kind in MAILED


def job_started(job_id: UUID, name: str, where: str) -> Notice:
    """FR1.3.2's words; once a job, whichever attempt gets so far first. `where`: `this machine`."""
    key = f"job:{job_id}:started"
    return Notice(Kind.JOB_STARTED, key, f"Training started for {name}", f"It runs on {where}.")


def job_interrupted(job_id: UUID, name: str, attempt: int, what: str) -> Notice:
    """`what` happened, and from where it goes on."""
    key = f"job:{job_id}:{attempt}:interrupted"
    return Notice(Kind.JOB_INTERRUPTED, key, f"Training interrupted for {name}", _sentence(what))


def job_recovered(job_id: UUID, name: str, attempt: int, step: int | None) -> Notice:
    """The attempt trains, from a checkpoint's `step` or from the beginning."""
    key = f"job:{job_id}:{attempt}:recovered"
    whence = "the beginning" if step is None else f"step {step}"
    return Notice(
        Kind.JOB_RECOVERED,
        key,
        f"Training goes on for {name}",
        f"After an interruption it went on from {whence}.",
    )


def job_completed(job_id: UUID, name: str, what: str, cost: Decimal) -> Notice:
    """`cost` in dollars, over all attempts."""
    return Notice(
        Kind.JOB_COMPLETED,
        f"job:{job_id}:completed",
        f"Training completed for {name}",
        f"{_sentence(what)} The run cost {usd(cost)}; the adapter is ready to download.",
    )


def job_failed(job_id: UUID, name: str, why: str, cost: Decimal) -> Notice:
    """`why` says what happened and what to do next, in plain words."""
    return Notice(
        Kind.JOB_FAILED,
        f"job:{job_id}:failed",
        f"Training failed for {name}",
        f"{_sentence(why)} The run cost {usd(cost)}.",
    )


def cap_near(job_id: UUID, name: str, cap: Decimal, cost: Decimal) -> Notice:
    """Once a job, whichever attempt gets so far; amounts in dollars."""
    return Notice(
        Kind.JOB_CAP_NEAR,
        f"job:{job_id}:cap_near",
        f"{used_percent(cap, cost):.0f}% of the spending cap used by {name}",
        f"The run has cost {usd(cost)} of its spending cap of {usd(cap)}. At the cap it saves a "
        "checkpoint and ends; it can be continued with a new cap.",
    )


def cap_reached(job_id: UUID, name: str, why: str, cost: Decimal) -> Notice:
    """In place of `job_failed`: nothing went wrong. `why` says at which step, and how to go on."""
    return Notice(
        Kind.JOB_CAP_REACHED,
        f"job:{job_id}:cap_reached",
        f"Training ended at its spending cap for {name}",
        f"{_sentence(why)} No more than {usd(cost)} is charged.",
    )


def budget_used(user_id: UUID, budget: Budget) -> Notice | None:
    """The alert of the highest level reached (FR1.2.2's words); None below all of them.

    Told once a month, level and limit: 80 % of a limit that was raised is news again.
    """
    words = alert(budget)
    if words is None:
        return None
    critical = budget.used_percent >= CRITICAL_PERCENT
    level = CRITICAL_PERCENT if critical else ALERT_PERCENT
    return Notice(
        Kind.BUDGET_CRITICAL if critical else Kind.BUDGET_ALERT,
        f"budget:{user_id}:{budget.month.isoformat()}:{level}:{budget.limit}",
        f"{budget.used_percent:.0f}% of your monthly budget used",
        words,
    )


def request_asked(request_id: UUID, letter: Letter, occasion: str) -> Notice:
    """To who decides it, with the letter's words; `occasion` tells a reminder from the first."""
    key = f"request:{request_id}:asked:{occasion}"
    return Notice(Kind.REQUEST_ASKED, key, letter.subject, letter.lead)


def request_decided(request_id: UUID, letter: Letter) -> Notice:
    """To who asked: approved, denied or expired."""
    key = f"request:{request_id}:decided"
    return Notice(Kind.REQUEST_DECIDED, key, letter.subject, letter.lead)


def run_not_ended(run: str, where: str, minutes: int) -> Notice:
    """To who administers: `run` is its name at the provider."""
    return Notice(
        Kind.RUN_NOT_ENDED,
        f"run:{run}:not ended",
        f"A run on {where} cannot be ended",
        f"{run} was to end {minutes} minutes ago, and {where} has not confirmed it: it may go on "
        f"costing money. It is asked for again every 30 seconds. Look for it at {where} and end it "
        "there by hand.",
    )


def letter(notice: Notice, link: str, preferences: str) -> Letter:
    """The notice as a mail; `link` leads to more, `preferences` to where such mail is switched off.

    The words about money come first where they are the news, the job's name where that is.
    """
    of_a_job = notice.kind in JOB_KINDS
    return Letter(
        kind=notice.kind,
        subject=notice.title,
        lead=notice.title if of_a_job else notice.detail,
        quote=("What happened", notice.detail) if of_a_job and notice.detail else None,
        buttons=(Button(leads_to(notice.kind)[1], link, primary=True),),
        closing=f"What you are told by mail is your choice: {preferences}",
    )


def chat_text(notice: Notice, link: str) -> str:
    """The notice for the team's chat: nobody's words call people, hide links or load images."""
    return "\n".join([uncalled(f"{notice.title}. {notice.detail}".strip()), link])


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
