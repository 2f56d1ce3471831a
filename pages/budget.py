"""The month: limit, spent, reserved, remaining, and the jobs behind them."""

from datetime import UTC, datetime

import streamlit as st

from lib.domain.budget import Budget, alert
from lib.domain.money import ZERO, parse_usd, usd
from lib.domain.people import MANAGING, Person
from lib.services import budgets, offers, people
from lib.services.errors import Refusal
from lib.ui import wizard
from lib.ui.charts import PLOT_CONFIG, month_chart
from lib.ui.guard import guard
from lib.ui.navigation import go
from lib.ui.offer_usage import draw_usage
from lib.ui.tables import month_table
from lib.ui.text import plain

person = guard()


def choose_person() -> Person:
    """Whose month is shown: managers may look at everybody's."""
    if person.role not in MANAGING:
        return person
    everyone = {one.id: one for one in people.everyone(person)}
    ids = [person.id, *(user_id for user_id in everyone if user_id != person.id)]
    chosen = st.selectbox(
        "Whose budget",
        ids,
        format_func=lambda user_id: f"{everyone[user_id].name} · {everyone[user_id].email}",
        key="whose",
    )
    return everyone[chosen]


def set_limit_form(subject: Person, budget: Budget) -> None:
    """The limit from this month on; a bad amount changes nothing and says why."""
    with st.form("limit", border=False, enter_to_submit=True):
        text = st.text_input(
            "Monthly limit in dollars", value=f"{budget.limit:.2f}", key=f"limit-{subject.id}"
        )
        st.caption(f"For {plain(subject.name)}, from {budget.month:%B} on, until it is set again.")
        sent = st.form_submit_button("Set the limit", type="primary")
    if not sent:
        return
    try:
        budgets.set_limit(person, subject.id, parse_usd(text, "monthly limit"))
    except (ValueError, Refusal) as error:
        st.error(plain(error), icon=":material/error:")
    else:
        st.rerun()


st.title("Budget", anchor=False)
subject = choose_person()
overview = budgets.overview(person, subject.id)
budget = overview.budget
st.caption(f"{budget.month:%B %Y} · starts afresh on {budget.resets_on:%d %B %Y}")

notice = alert(budget)
if notice:
    st.warning(plain(notice))
active = f"{budget.active_jobs} active job{'' if budget.active_jobs == 1 else 's'}"
wizard.facts(
    [
        ("Limit", usd(budget.limit), f"up to {usd(budget.ceiling)} with the grace"),
        ("Spent", usd(budget.spent), f"{budget.used_percent} % used, reserved included"),
        ("Reserved", usd(budget.reserved), f"what {active} may still cost"),
        ("Remaining", usd(budget.remaining), f"until {budget.resets_on:%d %B}"),
    ]
)
if person.role in MANAGING:
    with st.expander("Set the limit", icon=":material/tune:"):
        set_limit_form(subject, budget)

if budget.spent + budget.reserved > ZERO:
    st.plotly_chart(
        month_chart(budget, overview.jobs, datetime.now(UTC)),
        key="month",
        config=PLOT_CONFIG,
        alt="Spending of the month against the limit",
    )
if overview.jobs:
    st.subheader("Jobs of this month", anchor=False)
    month_table(overview.jobs)
else:
    with st.container(key="empty"):
        st.subheader("Nothing spent this month", anchor=False)
        st.write("A job counts in the month in which it is started. Drafts and quotes are free.")
        if subject == person and st.button("New job", icon=":material/add:"):
            go("dataset")
draw_usage(offers.tier_usage(person, subject.id))
