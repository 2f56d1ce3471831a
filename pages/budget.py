"""A month: limit, spent, reserved, remaining, projected, and where the money went (FR1.2.2)."""

from datetime import UTC, datetime

import streamlit as st

from lib.domain.budget import alert
from lib.domain.money import ZERO
from lib.domain.people import MANAGING
from lib.services import budgets, offers, people, spending
from lib.ui import budget_view, increase_form, limit_forms, month_choice, wizard
from lib.ui.charts import PLOT_CONFIG
from lib.ui.guard import guard
from lib.ui.month_charts import month_chart
from lib.ui.navigation import go
from lib.ui.offer_usage import draw_usage
from lib.ui.tables import month_table
from lib.ui.text import plain

person = guard()

st.title("Budget", anchor=False)
months = spending.months_to_show(person)
month = month_choice.asked_month(months)
passed = month != months[0]
with st.container(horizontal=True, vertical_alignment="bottom"):
    subjects = budget_view.choose_subjects(person, people.overseen(person))
    month_choice.choose(months, month)
    month_choice.offer_pdf(person, subjects, month)
report = spending.report(person, [subject.id for subject in subjects], month)
budget, alone = report.budget, len(subjects) == 1
told = "this month is over" if passed else f"starts afresh on {budget.resets_on:%d %B %Y}"
st.caption(f"{month:%B %Y} · {told}")

notice = None if passed else alert(budget)
if notice:
    st.warning(plain(notice))
first = subjects[0]  # the manager, where a team is shown
team = budgets.team_month(person, first.id) if first.role in MANAGING and not passed else None
wizard.facts([*budget_view.figures(report, passed=passed), *budget_view.team_figures(team)])
budget_view.show_forecast(report, passed=passed)

if not passed and alone and budgets.may_set(person, first.id):
    with st.expander("Set the limit", icon=":material/tune:"):
        limit_forms.set_limit_form(person, first, budget)
    if first.role in MANAGING:
        with st.expander("Team limit", icon=":material/groups:"):
            limit_forms.team_limit_form(person, first, team)
if not passed and subjects == [person]:
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
    st.subheader(f"Jobs of {month:%B}" if passed else "Jobs of this month", anchor=False)
    month_table(report.jobs)
    if report.jobs_in_month > len(report.jobs):
        shown = f"The {len(report.jobs):,} dearest of {report.jobs_in_month:,} jobs"
        st.caption(f"{shown}; the PDF has them all.")
else:
    with st.container(key="empty"):
        when = f"in {month:%B %Y}" if passed else "this month"
        st.subheader(f"Nothing spent {when}", anchor=False)
        st.write("A job counts in the month in which it is started. Drafts and quotes are free.")
        if subjects == [person] and st.button("New job", icon=":material/add:"):
            go("dataset")
if report.jobs or len(report.months) > 1:
    budget_view.show_breakdowns(report)
if alone:
    draw_usage(offers.tier_usage(person, first.id))
