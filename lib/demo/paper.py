"""What is on people's desks now: drafts, quotes and requests for a higher limit."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row

from lib.demo import cast
from lib.demo.team import Team
from lib.domain.draft import change
from lib.domain.offers import LOCAL_KEY, ON_DEMAND_KEY
from lib.domain.people import Person
from lib.domain.requests import Action, Effective
from lib.services import budgets, drafts, quotes, requests
from lib.services.drafts import OpenDraft


def add(team: Team, files: Mapping[str, Row]) -> int:
    """Adds them through the services; how many quotes were issued."""
    liam, siyu = team.people["liam@example.com"], team.people["siyu@example.com"]
    zoe, beatriz = team.people["zoe@example.com"], team.people["beatriz@example.com"]
    letters = _draft(
        liam, files["repairs-spring.json"], client="Alder & Finch", project="Letters that calm"
    )
    first = quotes.issue(liam, letters)
    faster = drafts.save(
        liam, letters, change(letters.draft, drafts.today(), offer_key=ON_DEMAND_KEY)
    )
    second = quotes.issue(liam, faster)
    travel = _draft(
        siyu, files["touring-season.json"], client="Kumo Travel 雲", project="Concierge"
    )
    third = quotes.issue(siyu, travel)
    usual = [one.key for one in quotes.alternatives(travel) if one.usual]
    fourth = quotes.issue_alternatives(siyu, travel, usual)
    _draft(zoe, files["service-desk.json"], offer_key=LOCAL_KEY)
    _draft(
        beatriz,
        files["whole-year.json"],
        preset="balanced",
        client="Quayside Credit Union",
        description="The whole year at once, if the budget bears it.",
    )
    _ask_for_more(team)
    return len([first, second, third, fourth])


def _ask_for_more(team: Team) -> None:
    """Requests in each state: one approved, one denied, two that wait."""
    liam, beatriz = team.people["liam@example.com"], team.people["beatriz@example.com"]
    huong, ivan = team.people["huong@example.com"], team.people["ivan@example.com"]
    why, denial = cast.REQUEST_REASONS, cast.DENIAL
    approved = _ask(liam, "1.25", why[0], Effective.NEXT_MONTH)
    requests.decide(beatriz, approved, Action.APPROVE, "Agreed with both clients.")
    denied = _ask(huong, "2", why[1], Effective.THIS_MONTH)
    requests.decide(ivan, denied, Action.DENY, denial)
    _ask(team.people["zoe@example.com"], "1.4", why[2], Effective.THIS_MONTH)
    _ask(team.people["fatima@example.com"], "1.2", why[0], Effective.NEXT_MONTH)


def _ask(person: Person, times: str, why: str, from_month: Effective) -> UUID:
    limit = budgets.budget_of(person.id).limit * Decimal(times)
    return requests.ask(person, new_limit=f"{limit:.2f}", justification=why, from_month=from_month)


def _draft(person: Person, file: Row, **changes: str) -> OpenDraft:
    opened = drafts.load(person, drafts.create(person, file.id))
    changed = change(opened.draft, drafts.today(), **changes)
    return drafts.save(person, opened, changed)
