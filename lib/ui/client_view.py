"""The cost of one client or project: by month, preset and creator, its estimates and quotes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

import streamlit as st
from sqlalchemy import Row

from lib.domain.client_costs import Costs, Entry, Part, summed, total
from lib.domain.money import percent, usd
from lib.domain.people import Person
from lib.domain.spreadsheet import BYTE_ORDER_MARK, csv_line
from lib.services import clients, quotes
from lib.ui import client_forms, client_table, wizard
from lib.ui.csv_table import csv_button
from lib.ui.moments import local
from lib.ui.month_charts import months_chart
from lib.ui.text import safe

_NO_PROJECT = "Without a project"


@dataclass(frozen=True)
class _Month:
    """What the chart of months draws."""

    month: date
    spent: Decimal
    reserved: Decimal


def draw(person: Person, client: Entry, project: Entry | None) -> None:
    """The dashboard of a client, or of one of its projects."""
    shown, project_id = project or client, project.id if project else None
    st.html(_way(client, project))
    st.html(f'<h1 class="job-name" dir="auto">{safe(shown.name)}</h1>')
    st.caption(client_table.whose_sums(person))
    if shown.archived_at is not None:
        st.info(
            f"Archived {local(shown.archived_at):%d %b %Y}: new jobs are not offered it.",
            icon=":material/archive:",
        )
    parts = clients.costs(person, client.id, project_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        _draw_exports(parts, client, project)
        if project is None:
            client_forms.create_button(person, client.id)
        client_forms.manage_buttons(
            person, shown.name, client.id, project_id, archived=shown.archived_at is not None
        )
    _draw_figures(total(part.costs for part in parts))
    if project is None and client.projects:
        st.subheader("Projects", anchor=False)
        st.html(_projects(client))
    if not parts:
        st.info(
            "No started job of yours is for it yet: name it on a job's Details step."
            if not clients.may_manage(person)
            else "No started job is for it yet: name it on a job's Details step.",
            icon=":material/work:",
        )
    else:
        _draw_breakdown(parts)
    _draw_quotes(clients.quotes_of(person, client.id, project_id))


def as_csv(client: str, parts: Sequence[Part]) -> Iterator[str]:
    """A line a project, month, preset and creator, in dollars; no cell is taken for a formula."""
    yield BYTE_ORDER_MARK
    yield csv_line(
        ["client", "project", "month", "preset", "creator", "jobs", "actual", "committed"]
    )
    for part in parts:
        costs = part.costs
        yield csv_line(
            [
                *(client, part.project, f"{part.month:%Y-%m}", part.preset, part.creator),
                *(costs.jobs, costs.actual, costs.committed),
            ]
        )


def _way(client: Entry, project: Entry | None) -> str:
    """Where one is: all clients, the client of this project."""
    steps = [("/clients", "All clients")]
    if project is not None:
        steps.append((client_table.link(client.id), client.name))
    links = " › ".join(
        f'<a href="{safe(address)}" target="_self" dir="auto">{safe(name)}</a>'
        for address, name in steps
    )
    return f'<p class="client-way">{links}</p>'


def _draw_exports(parts: Sequence[Part], client: Entry, project: Entry | None) -> None:
    wanted = {"client": client.id} | ({"project": project.id} if project else {})
    address = safe(f"/?{urlencode(wanted)}")
    st.html(f'<p class="client-jobs"><a href="{address}" target="_self">Show its jobs</a></p>')
    csv_button("Export as CSV", "client-costs", lambda: as_csv(client.name, parts))


def _draw_figures(costs: Costs) -> None:
    variance = costs.variance
    done = f"{costs.completed:,} completed job{'' if costs.completed == 1 else 's'}"
    wizard.facts(
        [
            ("Actual cost", usd(costs.actual), f"{costs.jobs:,} started jobs"),
            ("Committed", usd(costs.committed), "what running jobs may still cost"),
            (
                "Estimate variance",
                "–" if variance is None else f"{variance:+} %",
                "no history yet"
                if variance is None
                else f"{done}: {usd(costs.completed_actual)} against "
                f"{usd(costs.completed_estimated)} estimated",
            ),
            (
                "Last run",
                f"{local(costs.last_run):%d %b %Y}" if costs.last_run else "–",
                "started" if costs.last_run else "no job started yet",
            ),
        ]
    )


def _projects(client: Entry) -> str:
    rows = [
        (
            f'<a href="{safe(client_table.link(client.id, one.id))}" target="_self" dir="auto">'
            f"{safe(one.name)}</a>",
            one.costs,
        )
        for one in client.projects
    ]
    if client.without_project.jobs:
        rows.append((_NO_PROJECT, client.without_project))
    return _table("Project", rows)


def _draw_breakdown(parts: Sequence[Part]) -> None:
    st.subheader("By month", anchor=False)
    months = summed(parts, lambda part: part.month)
    st.plotly_chart(
        months_chart([_Month(month, one.actual, one.committed) for month, one in months.items()]),
        key="client-months",
        config={"displayModeBar": False},
        alt="Cost by month: what the month's jobs have cost, and what running ones may still cost",
    )
    left, right = st.columns(2)
    for column, title, by in (
        (left, "Preset", summed(parts, lambda part: part.preset.title())),
        (right, "Creator", summed(parts, lambda part: part.creator)),
    ):
        with column:
            st.subheader(f"By {title.lower()}", anchor=False)
            st.html(_table(title, _dearest_first(by)))


def _dearest_first(by: Mapping[str, Costs]) -> list[tuple[str, Costs]]:
    ordered = sorted(by.items(), key=lambda item: item[1].actual, reverse=True)
    return [(safe(name or "–"), costs) for name, costs in ordered]


def _table(title: str, rows: Sequence[tuple[str, Costs]]) -> str:
    """Names, as HTML, with jobs, cost and its share of all rows."""
    whole = total(costs for _, costs in rows).actual
    body = "".join(
        f"<tr><th scope=row dir=auto>{name}</th><td>{costs.jobs:,}</td>"
        f"<td>{safe(usd(costs.actual))}</td><td>{percent(costs.actual, whole)} %</td></tr>"
        for name, costs in rows
    )
    headings = "".join(
        f"<th scope=col>{heading}</th>" for heading in (title, "Jobs", "Actual", "Share")
    )
    return (
        '<div class="client-costs"><table class="rows"><thead><tr>'
        f"{headings}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _draw_quotes(found: Sequence[Row]) -> None:
    st.subheader("Quotes", anchor=False)
    if not found:
        st.caption("No quote has been issued for it yet.")
        return
    lines = "".join(
        f'<li><a href="/quotes?quote={safe(quote.number)}" target="_self">{safe(quote.number)}</a> '
        f"<span dir=auto>{safe(quote.job_name)}</span>"
        f"<small>{safe(_quoted(quote))}</small></li>"
        for quote in found
    )
    st.html(f'<ul class="template-jobs">{lines}</ul>')


def _quoted(quote: Row) -> str:
    """What the paper said: amounts, whom it named, its date and state."""
    least, most = map(usd, quotes.stored_range(quote))
    named = " → ".join(filter(None, [quote.client, quote.project]))
    return (
        f"{least} – {most} · {f'{named} · ' if named else ''}"
        f"{local(quote.created_at):%d %b %Y} · {quotes.state(quote)}"
    )
