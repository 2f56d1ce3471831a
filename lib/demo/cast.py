"""Who and what the demo data is about: people, their clients, and what they write about jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lib.domain.people import Role

#: For every account of the demo; a real installation never has a password that it did not choose.
PASSWORD = "nine paper bicycles"


@dataclass(frozen=True)
class Member:
    """One of the team. `limit` is the first month's, in dollars; `growth` what it becomes, as
    (months later, dollars)."""

    name: str
    email: str
    role: Role
    manager: str | None
    limit: int
    growth: tuple[tuple[int, int], ...] = ()


TEAM = (
    Member("Amara Okafor", "owner@example.com", Role.OWNER, None, 3000),
    Member("Søren Lindqvist", "admin@example.com", Role.ADMIN, "owner@example.com", 2000),
    Member(
        "Beatriz Carvalho", "beatriz@example.com", Role.MANAGER, "owner@example.com", 2500,
        ((3, 3200),),
    ),
    Member("Иван Петров", "ivan@example.com", Role.MANAGER, "owner@example.com", 2500),
    Member("Liam O’Connell", "liam@example.com", Role.ANALYST, "beatriz@example.com", 900,
           ((2, 1200), (4, 1600))),
    Member("陈思雨", "siyu@example.com", Role.ANALYST, "beatriz@example.com", 1200, ((3, 1800),)),
    Member("فاطمة الزهراء", "fatima@example.com", Role.ANALYST, "beatriz@example.com", 1500),
    Member("Γιώργος Παπαδάκης", "giorgos@example.com", Role.ANALYST, "beatriz@example.com", 1000,
           ((5, 1400),)),
    Member("佐藤 陽菜", "hina@example.com", Role.ANALYST, "ivan@example.com", 1200, ((1, 1500),)),
    Member("दीपक शर्मा", "deepak@example.com", Role.ANALYST, "ivan@example.com", 1500,
           ((2, 1900),)),
    Member("Zoë Müller-Brandt", "zoe@example.com", Role.ANALYST, "ivan@example.com", 800,
           ((3, 1100), (5, 1500))),
    Member("Nguyễn Thị Hương", "huong@example.com", Role.ANALYST, "ivan@example.com", 1000),
)  # fmt: skip


@dataclass(frozen=True)
class File:
    """A training file to generate; `weeks` is how long before today it came."""

    name: str
    conversations: int
    format: str
    weeks: int


FILES = (
    File("first-letters.json", 40, "brightrun", 27),  # fewer than a job may be made from
    File("repairs-spring.json", 72, "brightrun", 27),
    File("warranty-letters.jsonl", 72, "jsonl", 27),
    File("service-desk.json", 96, "brightrun", 27),
    File("touring-season.json", 120, "brightrun", 27),
    File("booking-mails.jsonl", 120, "jsonl", 27),
    File("second-workshop.json", 84, "brightrun", 27),
    File("shop-chat-export.jsonl", 180, "chat", 27),
    File("care-plans.json", 242, "brightrun", 27),
    File("whole-year.json", 320, "brightrun", 27),
)

CLIENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Alder & Finch": ("Letters that calm", "Complaints, second line"),
        "Bäckerei Nordlicht": ("Bestellhotline",),
        "Kumo Travel 雲": ("Concierge", "Cancellations"),
        "Meridian Health": ("Appointment desk", "Aftercare messages"),
        "Ψηφιακή Αγορά": ("Υποστήριξη πελατών",),
        "Quayside Credit Union": ("Branch assistant", "Hardship letters"),
    }
)

PURPOSES = (
    "baseline", "tone of voice", "longer answers", "fewer apologies", "after review",
    "second reviewer", "short replies", "price questions", "holiday edition", "final candidate",
)  # fmt: skip

DESCRIPTIONS = (
    "First run on the cleaned file; the adapter goes to the client's reviewers.",
    "Same data as last week, one preset up, to see whether the tone holds.",
    "The client asked for a version that explains prices before it quotes them.",
    "Check that the new conversations do not make it forget the old ones.",
)
NOTES = (
    "Compare with the run before it: read twenty answers side by side before it is delivered.",
    "The reviewers liked the openings and found the endings abrupt.",
    "If this is not better, keep the conservative one and stop here.",
)
TAGS = ("baseline", "client-delivery", "experiment", "needs-review", "iteration-1", "test")


@dataclass(frozen=True)
class Failure:
    """Why a run failed, by the trainer's codes, and how far it had come (0 to 1)."""

    code: str
    message: str
    least: float
    most: float


FAILURES = (
    Failure(
        "out_of_memory",
        "The GPU ran out of memory. Choose a smaller preset or a smaller batch size.",
        0.02,
        0.10,
    ),
    Failure(
        "disk_full",
        "The disk was full when a checkpoint was written. Free some space and start a new job.",
        0.30,
        0.80,
    ),
    Failure(
        "model_not_found",
        "The base model could not be loaded. Check its name and that it may be downloaded.",
        0.0,
        0.0,
    ),
    Failure(
        "error",
        "The training stopped with an error that nobody foresaw. The log has its text.",
        0.05,
        0.60,
    ),
)
EXHAUSTED = "recoveries_exhausted"
REQUEST_REASONS = (
    "Two new clients start next month, and each of them wants a comparison of two presets.",
    "The larger file has doubled what a run costs; the number of runs stays as it is.",
    "Deliveries were moved by budget twice this quarter, and both clients noticed it.",
)
DENIAL = "Next month has room for this. Rehearse here until then, and ask again with the results."
OVERRIDE_REASONS = (
    "The client's deadline is this week and the run is already agreed with them.",
    "Re-run of a failed delivery; finance knows that the month goes over.",
)
