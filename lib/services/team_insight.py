"""The team dashboard: what the jobs of a period show of the people whom one oversees (FR1.3.1)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import review_visits, usage, users
from lib.db import team_insight as queries
from lib.db.connection import reading
from lib.db.team_insight import Scope
from lib.domain.history import Share
from lib.domain.name_patterns import NamedJob, Pattern, automatic_share, patterns
from lib.domain.offers import Tier
from lib.domain.people import ADMINISTERING, Person, Role
from lib.domain.team_insight import Figures, Period, ReviewFigures, TagUse, used
from lib.domain.usage import Usage
from lib.services import people
from lib.services.errors import NotAllowed
from lib.settings import settings

NAMES = 2_000  # the newest, to find patterns in
LISTED = 25  # jobs to document or to tag

EVERYBODY = "all"


@dataclass(frozen=True)
class Subject:
    """Whom one may look at: everybody, a team or one person. `key` is for addresses."""

    key: str
    title: str
    members: tuple[Person, ...]

    @property
    def user_ids(self) -> list[UUID]:
        return [member.id for member in self.members]


@dataclass(frozen=True)
class Naming:
    """The patterns of the `read` newest names; `automatic` is the share that nobody typed."""

    patterns: list[Pattern]
    read: int
    automatic: Share | None


@dataclass(frozen=True)
class Report:
    """All that the dashboard shows of a period, `before` being as many days right before it.

    Figures are by what their lists are called after; months are those of the budget. Jobs to
    document are the costliest first, those to tag the newest.
    """

    total: Figures
    before: Figures
    people: list[Figures]
    months: list[Figures]
    person_months: dict[tuple[UUID | None, date | None], Figures]
    presets: list[Figures]
    preset_months: list[Figures]
    places: list[Figures]
    usage: Usage
    tags: list[TagUse]
    naming: Naming
    to_document: list[Row]
    to_tag: list[Row]
    review: ReviewFigures

    @property
    def spot_interruptions(self) -> Share | None:
        """Spot jobs that had to recover at least once, of all that were started."""
        spot = [place for place in self.places if place.tier == Tier.SPOT]
        started = sum(place.jobs for place in spot)
        return Share(sum(place.interrupted for place in spot), started) if started else None


def today() -> date:
    """The day that it is in the billing time zone."""
    return datetime.now(UTC).astimezone(settings().time_zone).date()


def subjects(actor: Person) -> list[Subject]:
    """Whom the actor may look at: analysts themselves, managers their team and each of it,
    admins and the owner everybody, each team and each person. The widest is the first.
    """
    overseen = people.overseen(actor)
    alone = [Subject(str(one.id), f"{one.name} · {one.email}", (one,)) for one in overseen]
    if len(overseen) == 1:
        return alone
    if actor.role not in ADMINISTERING:
        return [Subject(EVERYBODY, f"My team, {len(overseen)} people", tuple(overseen)), *alone]
    with reading() as connection:
        managers = {user.id: user.manager_id for user in users.everyone(connection)}
    teams = []
    for lead in overseen:
        members = [one for one in overseen if lead.id in (one.id, managers.get(one.id))]
        if lead.role is Role.MANAGER and len(members) > 1:
            title = f"The team of {lead.name}, {len(members)} people"
            teams.append(Subject(f"team-{lead.id}", title, tuple(members)))
    everybody = Subject(EVERYBODY, f"Everybody, {len(overseen)} people", tuple(overseen))
    return [everybody, *teams, *alone]


def report(actor: Person, user_ids: Collection[UUID], period: Period) -> Report:
    """The jobs that these people started in a period. Raises NotAllowed for people not overseen."""
    if not {*user_ids} <= {person.id for person in people.overseen(actor)}:
        raise NotAllowed("You see your own figures and those of the people you manage.")
    scope = _scope(user_ids, period)
    with reading() as connection:
        found = [Figures(**row._mapping) for row in queries.slices(connection, scope)]
        before = queries.totals(connection, _scope(user_ids, period.before))
        return Report(
            total=_split_by(found)[0],
            before=Figures(**before._mapping),
            people=_split_by(found, "person_id"),
            months=sorted(_split_by(found, "month"), key=_month),
            person_months={
                (one.person_id, one.month): one for one in _split_by(found, "person_id", "month")
            },
            presets=_split_by(found, "preset"),
            preset_months=sorted(_split_by(found, "preset", "month"), key=_month),
            places=_split_by(found, "engine", "gpu", "tier"),
            usage=usage.of_jobs(connection, scope.jobs),
            tags=used(queries.tags(connection, scope)),
            naming=_naming(queries.names(connection, scope, NAMES)),
            to_document=queries.costliest_undocumented(connection, scope, LISTED),
            to_tag=queries.newest_untagged(connection, scope, LISTED),
            review=_review(connection, scope),
        )


def _split_by(found: Sequence[Figures], *keys: str) -> list[Figures]:
    """Those that are split by exactly these, those with the most jobs first."""
    names = ("person_id", "month", "preset", "engine", "gpu", "tier")
    wanted = [
        one
        for one in found
        if all((getattr(one, name) is not None) == (name in keys) for name in names)
    ]
    return sorted(wanted, key=lambda one: -one.jobs)


def _month(figures: Figures) -> date:
    assert figures.month is not None
    return figures.month


def _naming(rows: Sequence[Row]) -> Naming:
    jobs = [
        NamedJob(
            name=row.name,
            file=row.file or "",
            client=row.client or "",
            project=row.project or "",
            automatic=not row.typed,
        )
        for row in rows
    ]
    return Naming(patterns(jobs), len(jobs), automatic_share(jobs))


def _review(connection: Connection, scope: Scope) -> ReviewFigures:
    row = review_visits.figures(connection, scope.since, scope.until, scope.user_ids)
    return ReviewFigures(
        views=row.views,
        median_seconds=None if row.median_seconds is None else float(row.median_seconds),
        ticked=tuple(row.ticked),
        started=row.started,
        edited=row.edited,
        cancelled=row.cancelled,
        abandoned=row.abandoned,
    )


def _scope(user_ids: Collection[UUID], period: Period) -> Scope:
    """Whole days of the billing time zone."""
    zone = settings().time_zone
    return Scope(
        user_ids=user_ids,
        since=datetime.combine(period.first, time(), zone),
        until=datetime.combine(period.last + timedelta(days=1), time(), zone),
    )
