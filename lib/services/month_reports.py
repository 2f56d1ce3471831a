"""A month's statement for finance: the budget page's figures with every job, as a PDF (FR1.2.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Row

from lib.db import spending as queries
from lib.db.connection import reading
from lib.domain.offers import TIER_TITLES, Tier
from lib.domain.people import ADMINISTERING, Person
from lib.domain.statement import AuditHead, Share, StatedJob, StatedLimit, Statement
from lib.services import audit, people, spending
from lib.settings import settings


@dataclass(frozen=True)
class Document:
    """A statement and its PDF."""

    statement: Statement
    pdf: bytes


def document(actor: Person, user_ids: list[UUID], month: date | None = None) -> Document:
    """The PDF of a month, this one by default. Raises NotAllowed for people not overseen."""
    from lib.reports import render  # slow to import, and needed on a click only

    made = statement(actor, user_ids, month)
    return Document(made, render(made))


def statement(actor: Person, user_ids: list[UUID], month: date | None = None) -> Statement:
    """All that the month's PDF tells, read at one moment.

    Of several people the first gives the statement its name. Raises NotAllowed for people not
    overseen.
    """
    spending.check_overseen(actor, user_ids)
    now = datetime.now(UTC)
    month = month or spending.this_month(now)
    head = audit.head(actor) if actor.role in ADMINISTERING else None
    with reading() as connection:
        report = spending.read(connection, user_ids, month, now)
        several = len(user_ids) > 1
        jobs = tuple(_job(row, several) for row in queries.every_job(connection, user_ids, month))
    subject, about = _named(actor, user_ids)
    return Statement(
        company=settings().company_name,
        subject=subject,
        about=about,
        as_of=now.astimezone(settings().time_zone),
        budget=report.budget,
        projection=report.projection,
        daily=tuple((row.day, row.cost) for row in report.daily),
        clients=_shares(report.clients, lambda row: (row.client or "No client", row.project or "")),
        configurations=_shares(
            report.configurations,
            lambda row: (row.preset.title(), TIER_TITLES[Tier(row.tier)]),
        ),
        people=tuple(
            Share((row.name, row.email), row.spent, row.reserved, row.jobs) for row in report.team
        ),
        jobs=jobs,
        limits=tuple(map(_limit, report.limits)),
        accuracy=report.accuracy_text,
        head=AuditHead(head.rows, head.hash) if head else None,
    )


def file_name(month: date, user_ids: Sequence[UUID]) -> str:
    """`spending-2026-11.pdf`; a team's says so."""
    return f"spending-{month:%Y-%m}{'-team' if len(user_ids) > 1 else ''}.pdf"


def _named(actor: Person, user_ids: Sequence[UUID]) -> tuple[str, str]:
    """Whose month it is, and their address or how many they are."""
    seen = {person.id: person for person in people.overseen(actor)}
    first = seen[user_ids[0]]
    if len(user_ids) == 1:
        return first.name, first.email
    told = f"{len(user_ids):,} people"
    if actor.role in ADMINISTERING and len(user_ids) == len(seen):
        return "Everybody", told
    return f"{first.name} and team", told


def _shares(rows: Sequence[Row], names: Callable[[Row], tuple[str, str]]) -> tuple[Share, ...]:
    return tuple(Share(names(row), row.cost, row.reserved, row.jobs) for row in rows)


def _job(row: Row, several: bool) -> StatedJob:
    return StatedJob(
        started_on=row.queued_at.astimezone(settings().time_zone).date(),
        name=row.name,
        person=row.person if several else "",
        client=row.client or "",
        project=row.project or "",
        preset=row.preset.title(),
        tier=TIER_TITLES[Tier(row.tier)],
        status=row.status.capitalize(),
        spent=row.cost,
        reserved=row.reserved,
    )


def _limit(row: Row) -> StatedLimit:
    return StatedLimit(
        begins=row.effective_month,
        person=row.name,
        limit=row.monthly_budget_limit,
        grace_percent=row.grace_percent,
        set_by=row.set_by_name or "default",
    )
