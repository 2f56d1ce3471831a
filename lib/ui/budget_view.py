"""The parts of the budget page: whose month, the limit's form, where the money went."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import streamlit as st
from sqlalchemy import Row

from lib.domain.budget import Budget, forecast
from lib.domain.money import ZERO, parse_usd, usd
from lib.domain.offers import TIER_TITLES, Tier
from lib.domain.people import Person
from lib.domain.requests import Effective
from lib.services import budgets
from lib.services.errors import Refusal
from lib.services.spending import MonthReport
from lib.ui.client_address import client_address
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


def figures(report: MonthReport) -> list[tuple[str, str, str]]:
    """The tiles: limit, spent, reserved, remaining, projected."""
    budget, projection = report.budget, report.projection
    jobs = f"{budget.active_jobs} active job{'' if budget.active_jobs == 1 else 's'}"
    return [
        ("Limit", usd(budget.limit), f"up to {usd(budget.ceiling)} with the grace"),
        ("Spent", usd(budget.spent), f"{budget.used_percent} % used, reserved included"),
        ("Reserved", usd(budget.reserved), f"what {jobs} may still cost"),
        ("Remaining", usd(budget.remaining), f"until {budget.resets_on:%d %B}"),
        ("Projected", usd(projection.expected), _band(report)),
    ]


def show_forecast(report: MonthReport) -> None:
    """FR1.2.2's forecast, in green or red, and how good forecasts have been."""
    ahead = forecast(report.budget, ZERO)
    over = report.projection.expected > report.budget.limit
    told = ahead.text.replace(" + this job", "")
    st.markdown(f":{'red' if over or ahead.over else 'green'}[{plain(told)}]")
    accuracy = (
        report.accuracy.text
        if report.accuracy
        else "No month with a forecast has passed yet: its accuracy is told when one has"
    )
    st.caption(plain(f"Projection: {report.projection.basis}. {accuracy}."))


def set_limit_form(actor: Person, subject: Person, budget: Budget) -> None:
    """The limit from a month on; a bad amount changes nothing and says why."""
    with st.form("limit", border=False, enter_to_submit=True):
        amount, grace, month = st.columns([2, 1, 2])
        text = amount.text_input(
            "Monthly limit in dollars", value=f"{budget.limit:.2f}", key=f"limit-{subject.id}"
        )
        percent = grace.number_input(
            "Grace in %", 0.0, 100.0, float(budget.grace_percent), 1.0, key=f"grace-{subject.id}"
        )
        begins = month.segmented_control(
            "Effective Date",
            list(Effective),
            default=Effective.THIS_MONTH,
            format_func=lambda one: "This Month" if one is Effective.THIS_MONTH else "Next Month",
            key=f"month-{subject.id}",
        )
        st.caption(f"For {plain(subject.name)}, until it is set again.")
        sent = st.form_submit_button("Set the limit", type="primary")
    if not sent:
        return
    try:
        budgets.set_limit(
            actor,
            subject.id,
            parse_usd(text, "monthly limit"),
            month=budget.resets_on if begins is Effective.NEXT_MONTH else budget.month,
            grace_percent=Decimal(str(percent)),
            ip_address=client_address(),
        )
    except (ValueError, Refusal) as error:
        st.error(plain(error), icon=":material/error:")
    else:
        st.toast(f"The limit of {plain(subject.name)} is set.", icon=":material/check:")
        st.rerun()


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
    st.dataframe(
        frame(rows, columns),
        key=key,
        hide_index=True,
        row_height=38,
        column_config={
            "Spent": money_column("What the jobs have cost so far"),
            "Reserved": money_column("What they may still cost at most"),
            "Limit": money_column("Per month, from the month on the left"),
            "From": st.column_config.DateColumn(format="MMM YYYY"),
        },
    )


def _band(report: MonthReport) -> str:
    least, most = report.projection.least, report.projection.most
    if least == most:
        return "spent and reserved"
    return f"{usd(least)} to {usd(most)} in 8 months of 10"
