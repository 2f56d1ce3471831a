"""Setting limits: a person's own, and the one above a manager's whole team (FR1.2.2)."""

from collections.abc import Callable
from decimal import Decimal

import streamlit as st

from lib.domain.budget import Budget
from lib.domain.money import parse_usd, usd
from lib.domain.people import Person
from lib.domain.requests import Effective
from lib.services import budgets
from lib.services.errors import Refusal
from lib.ui.client_address import client_address
from lib.ui.text import plain


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

    def set_it() -> None:
        budgets.set_limit(
            actor,
            subject.id,
            parse_usd(text, "monthly limit"),
            month=budget.resets_on if begins is Effective.NEXT_MONTH else budget.month,
            grace_percent=Decimal(str(percent)),
            ip_address=client_address(),
        )

    _try(set_it, f"The limit of {plain(subject.name)} is set.")


def team_limit_form(actor: Person, manager: Person, team: Budget | None) -> None:
    """The limit above the limits of a manager and their team: set, changed or lifted."""
    limit = team.limit if team else None
    with st.form("team-limit", border=False, enter_to_submit=True):
        text = st.text_input(
            "Team limit in dollars a month",
            value="" if limit is None else f"{limit:.2f}",
            placeholder="no team limit",
            key=f"team-limit-{manager.id}-{limit}",  # another limit is another field
        )
        st.caption(_explained(manager, team))
        with st.container(horizontal=True):
            sent = st.form_submit_button("Set the team limit", type="primary")
            lifted = st.form_submit_button("Lift the team limit", disabled=limit is None)

    def set_it() -> None:
        if not text.strip():
            lifting = "; to lift the limit press “Lift the team limit”" if team else ""
            raise ValueError(f"team limit: write an amount such as 2,500.00{lifting}")
        amount = parse_usd(text, "team limit")
        budgets.set_team_limit(actor, manager.id, amount, client_address())

    def lift_it() -> None:
        budgets.lift_team_limit(actor, manager.id, client_address())

    if sent:
        _try(set_it, f"The team limit of {plain(manager.name)} is set.")
    elif lifted:
        _try(lift_it, f"The team limit of {plain(manager.name)} is lifted.")


def _explained(manager: Person, team: Budget | None) -> str:
    told = f"For {plain(manager.name)} and all who report to them, above each one's own limit."
    if team is None:
        return f"{told} There is none now."
    used = plain(f"{usd(team.spent)} spent and {usd(team.reserved)} reserved by the team")
    return f"{told} This month: {used}. Lifting it leaves each one's own limit alone."


def _try(change: Callable[[], None], done: str) -> None:
    """A bad amount or a refusal changes nothing and says why."""
    try:
        change()
    except (ValueError, Refusal) as error:
        st.error(plain(error), icon=":material/error:")
    else:
        st.toast(done, icon=":material/check:")
        st.rerun()
