"""What is looked for in the job history, and how it stands in an address that can be shared."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from lib.domain.metadata import TAGS_LIMIT, tag_problem
from lib.domain.offers import Tier
from lib.domain.presets import PRESETS
from lib.domain.states import JobStatus

TEXT_LIMIT = 500  # characters; what is longer is cut, since nobody types it
_MOST_COST = Decimal(10**9)  # dollars
_Value = TypeVar("_Value")


class Sort(StrEnum):
    """The order of the list. Cost and duration: the greatest first; name: as in a dictionary."""

    BEST = "best"
    NEWEST = "newest"
    OLDEST = "oldest"
    COST = "cost"
    DURATION = "duration"
    NAME = "name"


@dataclass(frozen=True)
class JobQuery:
    """All that a job must match. Empty fields ask for nothing; `statuses` and the like mean any of
    those, `tags` all of those. Dates are days of creation in the billing time zone, both included;
    costs in dollars, both included. Without `sort`: the best match for a text, else the newest.
    """

    text: str = ""
    statuses: tuple[JobStatus, ...] = ()
    presets: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()
    creator: UUID | None = None
    tags: tuple[str, ...] = ()
    client: UUID | None = None
    project: UUID | None = None
    since: date | None = None
    until: date | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    sort: Sort | None = None
    archived: bool = False  # archived jobs instead of the others

    @property
    def order(self) -> Sort:
        """The order that applies."""
        if self.sort is None:
            return Sort.BEST if self.text else Sort.NEWEST
        return Sort.NEWEST if self.sort is Sort.BEST and not self.text else self.sort

    @property
    def narrowed(self) -> bool:
        """Whether anything but the order is asked for."""
        return replace(self, sort=None) != JobQuery()

    def to_params(self) -> dict[str, list[str]]:
        """The names and values of the address's query, only of what is asked for."""
        values: dict[str, Sequence[object]] = {
            "q": [self.text] if self.text else [],
            "status": self.statuses,
            "preset": self.presets,
            "tier": self.tiers,
            "tag": self.tags,
            "archived": [1] if self.archived else [],
        }
        for name, value in (
            ("creator", self.creator),
            ("client", self.client),
            ("project", self.project),
            ("from", self.since),
            ("to", self.until),
            ("min", self.least),
            ("max", self.most),
            ("sort", self.sort),
        ):
            values[name] = [] if value is None else [value]
        return {name: [str(one) for one in listed] for name, listed in values.items() if listed}

    @classmethod
    def from_params(cls, params: Mapping[str, Sequence[str]]) -> "JobQuery":
        """What an address asks for. What it has no meaning for is left out: it may be of another
        version, cut off in a mail or made up.
        """

        def all_of(name: str, read: Callable[[str], _Value]) -> tuple[_Value, ...]:
            found = (_read(value, read) for value in params.get(name, ()))
            return tuple(dict.fromkeys(value for value in found if value is not None))

        def one(name: str, read: Callable[[str], _Value]) -> _Value | None:
            return next(iter(all_of(name, read)), None)

        return cls(
            text=clean(next(iter(params.get("q", ())), "")),
            statuses=all_of("status", JobStatus),
            presets=all_of("preset", _preset),
            tiers=all_of("tier", Tier),
            creator=one("creator", UUID),
            tags=all_of("tag", _tag)[:TAGS_LIMIT],
            client=one("client", UUID),
            project=one("project", UUID),
            since=one("from", date.fromisoformat),
            until=one("to", date.fromisoformat),
            least=one("min", _cost),
            most=one("max", _cost),
            sort=one("sort", Sort),
            archived="1" in params.get("archived", ()),
        )


@dataclass(frozen=True)
class Cursor:
    """The last job of a page: where it stands in its order. The next page begins after it, however
    many jobs have come since. `values`: what it is ordered by; the id comes last.
    """

    order: Sort
    values: tuple[Decimal | float | datetime | str, ...]
    id: UUID

    def encode(self) -> str:
        """The cursor as it stands in an address."""
        written = [
            value.isoformat() if isinstance(value, datetime) else str(value)
            for value in self.values
        ]
        text = json.dumps([self.order, *written, str(self.id)], ensure_ascii=False)
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str | None) -> "Cursor | None":
        """None for what is no cursor: the list then begins at its beginning."""
        if not text or len(text) > 4 * TEXT_LIMIT:
            return None
        try:
            order, *values, id_ = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            read = zip(_READ[Sort(order)], values, strict=True)
            return cls(Sort(order), tuple(make(value) for make, value in read), UUID(id_))
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            return None


def clean(text: str) -> str:
    """A text that a database can keep: no NUL, no half of a character; cut to TEXT_LIMIT."""
    whole = text[:TEXT_LIMIT].encode("utf-8", "ignore").decode("utf-8")
    return whole.replace("\x00", "").lstrip()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or abs(number) > _MOST_COST * 1000:
        raise ValueError(text)
    return number


#: How the values of a cursor are read, by order.
_READ: Mapping[Sort, tuple[Callable[[str], Decimal | float | datetime | str], ...]] = {
    Sort.BEST: (float, _moment),
    Sort.NEWEST: (_moment,),
    Sort.OLDEST: (_moment,),
    Sort.COST: (_number,),
    Sort.DURATION: (_number,),
    Sort.NAME: (clean,),
}


def _read(value: str, read: Callable[[str], _Value]) -> _Value | None:
    try:
        return read(value)
    except (ValueError, InvalidOperation):
        return None


def _preset(name: str) -> str:
    if name not in PRESETS:
        raise ValueError(name)
    return name


def _tag(name: str) -> str:
    if tag_problem(name):
        raise ValueError(name)
    return name


def _cost(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite() or not 0 <= amount <= _MOST_COST:
        raise ValueError(text)
    return amount.quantize(Decimal("0.01"))
