"""Clients with their projects, and what their jobs have cost, as a table and for a spreadsheet."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import streamlit as st

from lib.domain.client_costs import Costs, Entry, total
from lib.domain.money import percent, usd
from lib.domain.people import Person
from lib.domain.spreadsheet import BYTE_ORDER_MARK, csv_line
from lib.services import clients
from lib.services.clients import Overview
from lib.ui import client_forms
from lib.ui.csv_table import csv_button
from lib.ui.lists import draw_pages, on_page, search_field
from lib.ui.moments import local
from lib.ui.text import plain, safe

PAGE_SIZE = 40  # clients
_NEVER = datetime.min.replace(tzinfo=UTC)
#: Each order: what clients, and the projects of each, are sorted by; the largest first but names.
ORDERS: Mapping[str, Callable[[Entry], Any]] = MappingProxyType(
    {
        "Name": lambda entry: entry.name.casefold(),
        "Actual cost": lambda entry: entry.costs.actual,
        "Committed": lambda entry: entry.costs.committed,
        "Jobs": lambda entry: entry.costs.jobs,
        "Last run": lambda entry: entry.costs.last_run or _NEVER,
    }
)
_HEADINGS = ("Client and project", "Jobs", "Actual", "Committed", "Last run")


def draw(person: Person) -> None:
    """The list of all clients with who sees what, its controls, and its export."""
    st.caption(whose_sums(person))
    found = clients.overview(person)
    if not found.entries:
        with st.container(key="empty"):
            st.subheader("No clients yet", anchor=False)
            st.write(
                "Name a client here, or on a job's Details step: what its jobs cost is then "
                "added up by client and project."
            )
            client_forms.create_button(person)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="client-filter"):
        text = search_field("client-search", "Search clients and projects", max_chars=100)
        order = st.selectbox(
            "Sort by", list(ORDERS), key="client-order", label_visibility="collapsed", width=150
        )
        archived = st.toggle("Archived too", key="client-archived")
        client_forms.create_button(person)
    shown = arranged(found.entries, text, order, archived=archived)
    if not shown:
        st.info("No client matches. Archived ones are left out.", icon=":material/search:")
        return
    page_key = f"client-page-{text}-{order}-{archived}"  # another list begins with its first page
    st.html(_table(on_page(shown, PAGE_SIZE, page_key)))
    draw_pages(shown, PAGE_SIZE, page_key)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(plain(_attributed(found)))
        csv_button("Export as CSV", "clients", lambda: as_csv(shown), type="tertiary")


def whose_sums(person: Person) -> str:
    """Who sees what, in a sentence for the page."""
    if clients.may_manage(person):
        return "Sums are over everybody's jobs. Analysts see those of their own jobs alone."
    return "Sums are over your own jobs alone. You can add clients; managers rename and archive."


def arranged(entries: Iterable[Entry], text: str, order: str, *, archived: bool) -> list[Entry]:
    """The clients that match, sorted, each with its projects in the same order.

    A client matches by its own name, with all its projects, or by a project's, with that alone.
    """
    wanted = text.strip().casefold()
    found = []
    for entry in entries:
        if entry.archived_at is not None and not archived:
            continue
        projects = [one for one in entry.projects if archived or one.archived_at is None]
        if wanted not in entry.name.casefold():
            projects = [one for one in projects if wanted in one.name.casefold()]
            if not projects:
                continue
        found.append(
            Entry(
                entry.id,
                entry.name,
                entry.archived_at,
                entry.costs,
                tuple(_sorted(projects, order)),
            )
        )
    return _sorted(found, order)


def _sorted(entries: Iterable[Entry], order: str) -> list[Entry]:
    return sorted(entries, key=ORDERS[order], reverse=order != "Name")


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """A line a client and a line a project, amounts in dollars; no cell is taken for a formula."""
    yield BYTE_ORDER_MARK
    yield csv_line(["client", "project", "jobs", "actual", "committed", "last_run", "archived"])
    for client in entries:
        for project in (None, *client.projects):
            entry = project or client
            run = entry.costs.last_run
            yield csv_line(
                [
                    client.name,
                    project.name if project else "",
                    entry.costs.jobs,
                    entry.costs.actual,
                    entry.costs.committed,
                    f"{local(run):%Y-%m-%d %H:%M}" if run else "",
                    "yes" if entry.archived_at else "no",
                ]
            )


def link(client_id: UUID, project_id: UUID | None = None) -> str:
    """The address of a client's costs, or of one of its projects'."""
    return f"/clients?client={client_id}" + (f"&project={project_id}" if project_id else "")


def cells(costs: Costs) -> str:
    """The figures of a row, as HTML."""
    run = f"{local(costs.last_run):%d %b %Y}" if costs.last_run else "–"
    shown = (f"{costs.jobs:,}", usd(costs.actual), usd(costs.committed), run)
    return "".join(f"<td>{safe(cell)}</td>" for cell in shown)


def _table(entries: Sequence[Entry]) -> str:
    headings = "".join(f"<th scope=col>{heading}</th>" for heading in _HEADINGS)
    body = "".join(_rows(client) for client in entries)
    return (
        '<div class="client-costs"><table class="rows"><thead><tr>'
        f"{headings}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _rows(client: Entry) -> str:
    rows = _row(client, link(client.id), "client")
    rows += "".join(_row(one, link(client.id, one.id), "project") for one in client.projects)
    return rows


def _row(entry: Entry, address: str, kind: str) -> str:
    mark = ' <span class="pill quiet">archived</span>' if entry.archived_at else ""
    name = f'<a href="{safe(address)}" target="_self" dir="auto">{safe(entry.name)}</a>{mark}'
    return f'<tr class="{kind}"><th scope=row>{name}</th>{cells(entry.costs)}</tr>'


def _attributed(found: Overview) -> str:
    """How much of the cost is somebody's."""
    named = total(entry.costs for entry in found.entries)
    everything = named + found.unattributed
    if not everything.jobs:
        return "No job has been started yet."
    share = percent(named.actual, everything.actual)
    return (
        f"{usd(named.actual)} of {usd(everything.actual)} ({share} %) is for a named client; "
        f"{found.unattributed.jobs:,} of {everything.jobs:,} jobs are for nobody."
    )
