"""The parts of the team page that are about what people write: tags, names, documentation."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.history import Share
from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.team_insight import (
    TRENDS,
    Period,
    change_in_percent,
    change_in_points,
)
from lib.services.team_insight import NAMES, Report, Subject
from lib.ui import team_charts, wizard
from lib.ui.navigation import page
from lib.ui.team_charts import STILL
from lib.ui.team_tables import job_table, percent, percent_column, table

_MONTHS = 12  # columns of the table by person; charts have them all
_SHAPES = 15


def tiles(report: Report, period: Period) -> None:
    """Jobs started, completed, cost and documentation, each against as many days before."""
    now, before = report.total, report.before
    before_it = "the day before" if period.days == 1 else f"the {period.days:,} days before"

    def told(change: str | None) -> str:
        return f"{change} against {before_it}" if change else f"nothing in {before_it}"

    wizard.facts(
        [
            ("Jobs started", f"{now.jobs:,}", told(change_in_percent(now.jobs, before.jobs))),
            (
                "Completed",
                _share_text(now.completed_share),
                told(change_in_points(now.completed_share, before.completed_share)),
            ),
            ("Cost", usd(now.cost), told(change_in_percent(now.cost, before.cost))),
            (
                "Documentation complete",
                _share_text(now.completeness),
                told(change_in_points(now.completeness, before.completeness)),
            ),
        ]
    )


def tags(report: Report, period: Period, subject: Subject) -> None:
    """The most used tags, the top few over time, and jobs that have none."""
    total, months = report.total, [one.month for one in report.months if one.month]
    if not report.tags:
        st.write("No job of this period has a tag. Tags make jobs easy to find and to compare.")
    else:
        st.subheader("Most-used tags", anchor=False)
        clicked = st.plotly_chart(
            team_charts.tags_chart(report.tags, total.jobs),
            key="team-tags",
            config=STILL,
            on_select="rerun",
            selection_mode="points",
            alt="How many jobs have each of the most-used tags",
        )
        st.caption("Click a bar for its jobs. A job may have several tags.")
        for point in clicked.selection.points:
            st.switch_page(
                page("jobs"), query_params=_list_of(period, subject, tag=point["customdata"])
            )
        if len(months) > 1:
            st.subheader(f"The top {min(TRENDS, len(report.tags))} over time", anchor=False)
            st.plotly_chart(
                team_charts.trend_chart(report.tags, months),
                key="team-tag-trend",
                config=STILL,
                alt="How often the most-used tags were used in each month",
            )
        table(
            "all-tags",
            report.tags,
            {
                "Tag": lambda use: use.tag,
                "Jobs": lambda use: use.jobs,
                "Of all jobs": lambda use: 100 * use.jobs / total.jobs,
                "Find": lambda use: "/?" + urlencode(_list_of(period, subject, tag=use.tag)),
            },
            {
                "Of all jobs": percent_column("Of the jobs started in this period"),
                "Find": st.column_config.LinkColumn(display_text="Open the list", width=110),
            },
        )
    st.subheader("Jobs without tags", anchor=False)
    if not total.untagged:
        st.write("Every job has a tag.")
        return
    shown = _shown_of(len(report.to_tag), total.untagged, "newest")
    st.caption(f"{shown}. Open one to tag it, under *Edit Metadata*.")
    job_table("to-tag", report.to_tag, {})


def names(report: Report) -> None:
    """The shapes that names share, automatic ones apart."""
    naming = report.naming
    st.subheader("Common naming patterns", anchor=False)
    shown = _shown_of(naming.read, report.total.jobs, "newest")
    automatic = naming.automatic.text if naming.automatic else "None"
    st.caption(
        f"{shown}; at most {NAMES:,} names are read. {automatic} are automatic: nobody typed them. "
        "Dates, numbers, presets and the job’s own file, client and project are replaced by what "
        "they are. Words that fewer than one in five typed names share are {text}."
    )
    table(
        "names",
        naming.patterns[:_SHAPES],
        {
            "Pattern": lambda one: one.shape,
            "Share": lambda one: percent(one.share),
            "Names": lambda one: one.share.count,
            "Typed": lambda one: "automatic" if one.automatic else "by people",
            "Examples": lambda one: list(one.examples),
        },
        {
            "Pattern": st.column_config.TextColumn(width=230),
            "Share": percent_column("Of the names that were read"),
            "Typed": st.column_config.TextColumn(width=95),
            "Examples": st.column_config.ListColumn(width=520),
        },
    )
    if rarer := naming.patterns[_SHAPES:]:
        few = sum(one.share.count for one in rarer)
        st.caption(f"{few:,} more names have {len(rarer):,} rarer shapes.")


def documentation(report: Report, period: Period, people: Mapping[UUID, Person]) -> None:
    """FR1.3.1's completeness by month and by person, and the costliest jobs that lack it."""
    st.subheader("Documentation completeness", anchor=False)
    st.caption("Jobs that have a description and notes, of all jobs that were started.")
    months = [one.month for one in report.months if one.month]
    if len(months) > 1:
        st.plotly_chart(
            team_charts.completeness_chart(report.months),
            key="team-completeness",
            config=STILL,
            alt="Share of documented jobs in each month",
        )
    columns: dict[str, Any] = {
        "Person": lambda one: people[one.person_id].name,
        "Jobs": lambda one: one.jobs,
        "To document": lambda one: one.undocumented,
        "Complete": lambda one: percent(one.completeness),
        "Described": lambda one: percent(one.described_share),
        "With notes": lambda one: percent(one.noted_share),
        "Open": lambda one: (
            "/?"
            + urlencode({"creator": str(one.person_id), "from": period.first, "to": period.last})
        ),
    }
    shares: dict[str, Any] = {
        name: percent_column(f"Of all jobs of the person: {name.lower()}")
        for name in ("Complete", "Described", "With notes")
    }
    for month in months[-_MONTHS:] if len(months) > 1 else []:
        title = f"{month:%b %Y}"
        columns[title] = lambda one, month=month: _in_month(report, one.person_id, month)
        shares[title] = percent_column(f"Documented jobs of {month:%B %Y}")
    columns["E-mail"] = lambda one: people[one.person_id].email
    table(
        "documentation",
        sorted(report.people, key=lambda one: -one.undocumented),
        columns,
        {
            "Person": st.column_config.TextColumn(width=150, pinned=True),
            "To document": st.column_config.NumberColumn(
                width=105, help="Jobs that lack a description or notes: whom to remind first"
            ),
            "Open": st.column_config.LinkColumn(display_text="Their jobs", width=95),
            **shares,
        },
    )
    st.subheader("The costliest jobs to document", anchor=False)
    if not report.total.undocumented:
        st.write("Every job is documented.")
        return
    shown = _shown_of(len(report.to_document), report.total.undocumented, "costliest")
    st.caption(f"{shown}. Open one to write about it, under *Edit Metadata*.")
    job_table("to-document", report.to_document, {"Lacks": _lacks})


def _lacks(job: Row) -> str:
    missing = {"description": job.described, "notes": job.noted}
    return " and ".join(name for name, there in missing.items() if not there)


def _in_month(report: Report, person_id: UUID | None, month: date) -> float | None:
    found = report.person_months.get((person_id, month))
    return percent(found.completeness) if found else None


def _shown_of(shown: int, of: int, which: str) -> str:
    """`The 25 newest of 312 jobs`, or `All 12 jobs`."""
    if shown < of:
        return f"The {shown:,} {which} of {of:,} jobs"
    return "One job" if of == 1 else f"All {of:,} jobs"


def _list_of(period: Period, subject: Subject, **wanted: str) -> dict[str, str]:
    """The address of the job list for a period, and for a person where one alone is shown."""
    creator = {"creator": subject.key} if len(subject.members) == 1 else {}
    return {**wanted, **creator, "from": str(period.first), "to": str(period.last)}


def _share_text(share: Share | None) -> str:
    return share.text if share else "–"
