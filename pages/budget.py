"""The month: limit, spent, reserved, remaining, projected, and where the money went (FR1.2.2)."""

from datetime import UTC, datetime

import streamlit as st

from lib.domain.budget import alert
from lib.domain.money import ZERO
from lib.services import budgets, offers, people, spending
from lib.ui import budget_view, increase_form, wizard
from lib.ui.charts import PLOT_CONFIG
from lib.ui.guard import guard
from lib.ui.month_charts import month_chart
from lib.ui.navigation import go
from lib.ui.offer_usage import draw_usage
from lib.ui.tables import month_table
from lib.ui.text import plain

person = guard()

st.title("Budget", anchor=False)
subjects = budget_view.choose_subjects(person, people.overseen(person))
report = spending.report(person, [subject.id for subject in subjects])
budget, alone = report.budget, len(subjects) == 1
st.caption(f"{budget.month:%B %Y} · starts afresh on {budget.resets_on:%d %B %Y}")

notice = alert(budget)
if notice:
    st.warning(plain(notice))
wizard.facts(budget_view.figures(report))
budget_view.show_forecast(report)

if alone and budgets.may_set(person, subjects[0].id):
    with st.expander("Set the limit", icon=":material/tune:"):
        budget_view.set_limit_form(person, subjects[0], budget)
if subjects == [person]:
    with st.expander("Increase Budget Limit", icon=":material/trending_up:"):
        increase_form.draw(person, budget)

if budget.spent + budget.reserved > ZERO:
    st.plotly_chart(
        month_chart(budget, report.daily, datetime.now(UTC), report.projection),
        key="month",
        config=PLOT_CONFIG,
        alt="Spending of the month against the limit, with its projection",
    )
if report.team:
    budget_view.show_team(report)
if report.jobs:
    st.subheader("Jobs of this month", anchor=False)
    month_table(report.jobs)
    if report.jobs_in_month > len(report.jobs):
        st.caption(f"The {len(report.jobs):,} dearest of {report.jobs_in_month:,} jobs.")
else:
    with st.container(key="empty"):
        st.subheader("Nothing spent this month", anchor=False)
        st.write("A job counts in the month in which it is started. Drafts and quotes are free.")
        if subjects == [person] and st.button("New job", icon=":material/add:"):
            go("dataset")
if report.jobs or len(report.months) > 1:
    budget_view.show_breakdowns(report)
if alone:
    draw_usage(offers.tier_usage(person, subjects[0].id))
