"""The parts of the budget page: whose month, its figures, where the money went."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from sqlalchemy import Row

from lib.domain.budget import Budget, forecast
from lib.domain.money import ZERO, usd
from lib.domain.offers import TIER_TITLES, Tier
from lib.domain.people import Person
from lib.services.spending import MonthReport
from lib.ui.csv_table import table_with_csv
from lib.ui.month_charts import months_chart
from lib.ui.tables import dollars, frame, money_column
from lib.ui.text import plain

TEAM = "team"


def choose_subjects(person: Person, overseen: Sequence[Person]) -> list[Person]:
    """Whose month is shown: one's own, a member's, or the team's together."""
    if len(overseen) == 1:
        return [person]
    everyone = {str(one.id): one for one in overseen}
    chosen = st.selectbox(
        "Whose budget",
        [str(person.id), TEAM, *(key for key in everyone if key != str(person.id))],
        format_func=lambda key: (
            f"All {len(everyone)} together"
            if key == TEAM
            else f"{everyone[key].name} · {everyone[key].email}"
        ),
        key="whose",
    )
    return list(overseen) if chosen == TEAM else [everyone[chosen]]


def figures(report: MonthReport, *, passed: bool) -> list[tuple[str, str, str]]:
    """The tiles: limit, spent, reserved, remaining, projected."""
    budget, projection = report.budget, report.projection
    return [
        ("Limit", usd(budget.limit), f"up to {usd(budget.ceiling)} with the grace"),
        ("Spent", usd(budget.spent), f"{budget.used_percent} % used, reserved included"),
        ("Reserved", usd(budget.reserved), _holders(budget)),
        (
            "Remaining",
            usd(budget.remaining),
            "at the month's end" if passed else f"until {budget.resets_on:%d %B}",
        ),
        ("Came to" if passed else "Projected", usd(projection.expected), _band(report)),
    ]


def team_figures(team: Budget | None) -> list[tuple[str, str, str]]:
    """A tile for the limit above a manager's team, where there is one."""
    if team is None:
        return []
    left = (
        f"{usd(team.remaining)} left of it"
        if team.remaining >= ZERO
        else f"exceeded by {usd(-team.remaining)}"
    )
    return [("Team limit", usd(team.limit), left)]


def show_forecast(report: MonthReport, *, passed: bool) -> None:
    """FR1.2.2's forecast, in green or red, and how good forecasts have been."""
    if passed:
        st.caption(plain(f"{report.accuracy_text}."))
        return
    ahead = forecast(report.budget, ZERO)
    over = report.projection.expected > report.budget.limit
    told = ahead.text.replace(" + this job", "")
    st.markdown(f":{'red' if over or ahead.over else 'green'}[{plain(told)}]")
    st.caption(plain(f"Projection: {report.projection.basis}. {report.accuracy_text}."))


def show_team(report: MonthReport) -> None:
    """Each member's month."""
    st.subheader("The team", anchor=False)
    _table(
        "team",
        report.team,
        {
            "Name": lambda row: row.name,
            "Spent": lambda row: dollars(row.spent),
            "Reserved": lambda row: dollars(row.reserved),
            "Jobs": lambda row: row.jobs,
            "E-mail": lambda row: row.email,
        },
    )


def show_breakdowns(report: MonthReport) -> None:
    """By client and project, by preset and tier, the months before, and every limit."""
    clients, configurations, months, limits = st.tabs(
        ["Clients and projects", "Presets and tiers", "Past months", "Limits"]
    )
    with clients:
        columns = {"Client": lambda row: row.client or "nobody named"}
        columns["Project"] = lambda row: row.project or ""
        _table("by-client", report.clients, {**columns, **_SUMS})
    with configurations:
        columns = {"Preset": lambda row: row.preset.title()}
        columns["Runs on"] = lambda row: TIER_TITLES[Tier(row.tier)]
        _table("by-configuration", report.configurations, {**columns, **_SUMS})
    with months:
        if report.months:
            st.plotly_chart(
                months_chart(report.months),
                key="months",
                config={"displayModeBar": False},
                alt="What each of the last months has cost",
            )
    with limits:
        _table(
            "limits",
            report.limits,
            {
                "From": lambda row: row.effective_month,
                "Person": lambda row: row.name,
                "Limit": lambda row: dollars(row.monthly_budget_limit),
                "Grace %": lambda row: float(row.grace_percent),
                "Set by": lambda row: row.set_by_name or "default",
            },
        )


_SUMS: dict[str, Any] = {
    "Spent": lambda row: dollars(row.cost),
    "Reserved": lambda row: dollars(row.reserved),
    "Jobs": lambda row: row.jobs,
}


def _table(key: str, rows: Sequence[Row], columns: dict[str, Any]) -> None:
    if not rows:
        st.caption("Nothing to show in this month.")
        return
    table_with_csv(
        key,
        frame(rows, columns),
        row_height=38,
        column_config={
            "Spent": money_column("What the jobs have cost so far"),
            "Reserved": money_column("What they may still cost at most"),
            "Limit": money_column("Per month, from the month on the left"),
            "From": st.column_config.DateColumn(format="MMM YYYY"),
        },
    )


def _holders(budget: Budget) -> str:
    if not budget.active_jobs:
        return "no active job"
    jobs = f"{budget.active_jobs} active job{'' if budget.active_jobs == 1 else 's'}"
    return f"what {jobs} may still cost"


def _band(report: MonthReport) -> str:
    least, most = report.projection.least, report.projection.most
    if least == most:
        return "spent and reserved"
    return f"{usd(least)} to {usd(most)} in 8 months of 10"
