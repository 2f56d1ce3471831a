"""What the job list is narrowed to: the search, the filters, the order, all kept in the address."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import streamlit as st

from lib.domain.job_search import TEXT_LIMIT, JobQuery, Sort, clean
from lib.domain.money import usd
from lib.domain.offers import TIER_TITLES
from lib.domain.people import Person
from lib.domain.presets import PRESETS
from lib.services import job_search
from lib.services.job_search import Choices
from lib.ui.lists import search_field, told_apart
from lib.ui.status import TITLES
from lib.ui.text import plain

AFTER = "after"  # the address's name for the cursor of a later page
PLACEHOLDER = "Search by name, description, notes, or tags"
_TEXT, _SORT, _MENU = "job-search", "job-sort", "job-filters"
_GONE = "No longer there"  # a client or person of an old link
_SORTS: Mapping[Sort, str] = MappingProxyType(
    {
        Sort.BEST: "Best match",
        Sort.NEWEST: "Newest first",
        Sort.OLDEST: "Oldest first",
        Sort.COST: "Highest cost",
        Sort.DURATION: "Longest",
        Sort.NAME: "By name",
    }
)
Chips = list[tuple[str, JobQuery]]


def asked() -> JobQuery:
    """What the address asks for."""
    return JobQuery.from_params({name: st.query_params.get_all(name) for name in st.query_params})


def ask(query: JobQuery) -> None:
    """Writes it into the address: the list begins at its first page."""
    st.query_params.from_dict(query.to_params())


def draw(person: Person) -> JobQuery:
    """The search, the order, the filters and what of them applies; what is asked for by now."""
    query = asked()
    with st.container(horizontal=True, vertical_alignment="bottom", key="job-search-bar"):
        _show(_TEXT, query.text, same=clean)
        search_field(
            _TEXT,
            PLACEHOLDER,
            max_chars=TEXT_LIMIT,
            live="500ms",
            on_change=lambda: _narrow(text=clean(st.session_state[_TEXT])),
            help=(
                'Finds jobs that have all the words, in any form. "In quotes": words next to each '
                "other. -word: jobs without it."
            ),
        )
        _draw_sort(query)
        menu = st.popover("Filters", icon=":material/tune:", key=_MENU, on_change="rerun")
    if menu.open:
        with menu:
            _draw_filters(person, query)
    _draw_chips(person, query)
    return query


def chips(query: JobQuery, choices: Choices) -> Chips:
    """Each filter that applies, in words, with the query without it."""
    return list(_chips(query, choices))


def _chips(query: JobQuery, choices: Choices) -> Iterator[tuple[str, JobQuery]]:
    for name, titles in (("statuses", TITLES), ("presets", _PRESETS), ("tiers", TIER_TITLES)):
        values = getattr(query, name)
        for value in values:
            yield titles[value], _but(query, name, tuple(one for one in values if one != value))
    for tag in query.tags:
        yield f"Tag: {tag}", replace(query, tags=tuple(one for one in query.tags if one != tag))
    for name, named in (
        ("creator", choices.creators),
        ("client", choices.clients),
        ("project", choices.projects),
    ):
        if (one := getattr(query, name)) is not None:
            yield f"{name.title()}: {named.get(one, _GONE)}", _but(query, name, None)
    if query.since:
        yield f"From {query.since:%d %b %Y}", replace(query, since=None)
    if query.until:
        yield f"To {query.until:%d %b %Y}", replace(query, until=None)
    if query.least is not None:
        yield f"At least {usd(query.least)}", replace(query, least=None)
    if query.most is not None:
        yield f"At most {usd(query.most)}", replace(query, most=None)
    if query.archived:
        yield "Archived", replace(query, archived=False)


_PRESETS: Mapping[str, str] = MappingProxyType(
    {name: preset.title for name, preset in PRESETS.items()}
)


def _but(query: JobQuery, name: str, value: object) -> JobQuery:
    changed: dict[str, Any] = {name: value}
    return replace(query, **changed)


def _narrow(**changed: Any) -> None:
    ask(replace(asked(), **changed))


def _show(key: str, value: Any, same: Callable[[Any], Any] = lambda value: value) -> None:
    """The widget shows what the address says; what is being typed is left as it is typed."""
    if key not in st.session_state or same(st.session_state[key]) != value:
        st.session_state[key] = value


def _draw_sort(query: JobQuery) -> None:
    offered = [sort for sort in _SORTS if query.text or sort is not Sort.BEST]
    _show(_SORT, query.order)

    def sorted_() -> None:
        chosen = st.session_state[_SORT]
        usual = replace(asked(), sort=None).order
        _narrow(sort=None if chosen is usual else chosen)

    st.selectbox(
        "Order",
        offered,
        format_func=lambda sort: _SORTS[sort],
        key=_SORT,
        on_change=sorted_,
        label_visibility="collapsed",
        width=170,
    )


def _draw_filters(person: Person, query: JobQuery) -> None:
    choices = job_search.choices(person)
    _draw_several("Status", "statuses", query, TITLES)
    left, right = st.columns(2)
    with left:
        _draw_several("Preset", "presets", query, _PRESETS)
    with right:
        _draw_several("GPU rate", "tiers", query, TIER_TITLES)
    _draw_several("Tags (all of them)", "tags", query, {tag: tag for tag in choices.tags})
    if person.may_see_all_jobs:
        _draw_one("Creator", "creator", query, choices.creators)
    left, right = st.columns(2)
    with left:
        _draw_one("Client", "client", query, choices.clients)
        _draw_day("Created from", "since", query)
        _draw_cost("Cost at least ($)", "least", query)
    with right:
        _draw_one("Project", "project", query, choices.projects)
        _draw_day("Created until", "until", query)
        _draw_cost("Cost at most ($)", "most", query)
    _show("filter-archived", query.archived)
    st.checkbox(
        "Show archived jobs",
        key="filter-archived",
        on_change=lambda: _narrow(archived=st.session_state["filter-archived"]),
    )


def _draw_several(label: str, name: str, query: JobQuery, titles: Mapping[Any, str]) -> None:
    key = f"filter-{name}"
    chosen = list(getattr(query, name))
    _show(key, chosen)
    st.multiselect(
        label,
        list(dict.fromkeys([*titles, *chosen])),
        format_func=lambda value: titles.get(value, value),
        key=key,
        placeholder="Any",
        on_change=lambda: _narrow(**{name: tuple(st.session_state[key])}),
    )


def _draw_one(label: str, name: str, query: JobQuery, named: Mapping[UUID, str]) -> None:
    key = f"filter-{name}"
    chosen = getattr(query, name)
    labels = told_apart(named)
    _show(key, chosen)
    st.selectbox(
        label,
        list(dict.fromkeys([*named, *([chosen] if chosen else [])])),
        index=None,
        format_func=lambda one: labels.get(one, _GONE),
        key=key,
        placeholder="Any",
        on_change=lambda: _narrow(**{name: st.session_state[key]}),
    )


def _draw_day(label: str, name: str, query: JobQuery) -> None:
    key = f"filter-{name}"
    _show(key, getattr(query, name))
    st.date_input(
        label,
        value=None,
        format="YYYY-MM-DD",
        key=key,
        min_value="2000-01-01",
        max_value="2100-01-01",
        on_change=lambda: _narrow(**{name: st.session_state[key]}),
    )


def _draw_cost(label: str, name: str, query: JobQuery) -> None:
    key = f"filter-{name}"
    amount = getattr(query, name)
    _show(key, None if amount is None else float(amount))

    def changed() -> None:
        typed = st.session_state[key]
        _narrow(**{name: None if typed is None else Decimal(f"{typed:.2f}")})

    st.number_input(
        label,
        value=None,
        min_value=0.0,
        max_value=1e9,
        step=1.0,
        format="%.2f",
        key=key,
        placeholder="Any",
        on_change=changed,
    )


def _draw_chips(person: Person, query: JobQuery) -> None:
    """What applies beside the text; each goes away with a click."""
    applied = replace(query, text="", sort=None) != JobQuery()
    with st.container(horizontal=True, vertical_alignment="center", key="chips"):
        if not applied:
            return
        for label, without in chips(query, job_search.choices(person)):
            st.button(
                plain(label),
                icon=":material/close:",
                key=f"chip-{label}",
                help="Remove this filter",
                on_click=ask,
                args=(without,),
            )
        st.button(
            "Clear all",
            type="tertiary",
            key="clear-all",
            on_click=lambda: ask(JobQuery(sort=query.sort)),
        )
