"""The parts of the people page: the list, and the forms to add and to change somebody."""

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st
from sqlalchemy import Row

from lib.domain.money import parse_usd
from lib.domain.people import PASSWORD_POLICY, Person, Role
from lib.services import accounts, membership
from lib.services.errors import Refusal
from lib.settings import settings
from lib.ui.csv_table import table_with_csv
from lib.ui.tables import frame, moment_column
from lib.ui.text import plain

_GIVEN = (Role.ANALYST, Role.MANAGER, Role.ADMIN)  # there is one owner, made at the set-up


def show(members: Sequence[Row]) -> None:
    """Everybody, with the name of whom they report to."""
    names = {member.id: member.name for member in members}
    table_with_csv(
        "members",
        frame(
            members,
            {
                "Name": lambda member: member.name,
                "E-mail": lambda member: member.email,
                "Role": lambda member: member.role,
                "Manager": lambda member: names.get(member.manager_id),
                "Since": lambda member: member.created_at,
                "State": lambda member: "disabled" if member.disabled_at else "active",
            },
        ),
        row_height=38,
        placeholder="–",
        column_config={"Since": moment_column("D MMM YYYY", width=110)},
    )


def add_form(actor: Person, members: Sequence[Row]) -> None:
    """Another user; what was typed stays until it is right."""
    name = st.text_input("Name", key="new-name", max_chars=100)
    email = st.text_input("E-mail", key="new-email", max_chars=254)
    password = st.text_input(
        "First password", key="new-password", type="password", help=PASSWORD_POLICY, max_chars=128
    )
    role = st.selectbox("Role", _GIVEN, format_func=str.title, key="new-role")
    manager = _choose_manager(members, "new-manager", chosen=None)
    limit = st.text_input(
        "Monthly limit in dollars",
        value=f"{settings().default_monthly_limit:.2f}",
        key="new-limit",
    )
    if not st.button("Add", type="primary", icon=":material/person_add:"):
        return
    try:
        accounts.add_user(
            actor,
            name=name,
            email=email,
            password=password,
            role=role,
            monthly_limit=_limit(limit),
            manager_email=manager.email if manager else None,
        )
    except (ValueError, Refusal) as error:
        st.error(plain(error), icon=":material/error:")
    else:
        st.toast(f"Added {plain(name)}.", icon=":material/check:")
        for key in ("new-name", "new-email", "new-password"):
            del st.session_state[key]
        st.rerun()


def change_form(actor: Person, others: Sequence[Row], members: Sequence[Row]) -> None:
    """Role, manager and access of one person; nobody changes themselves."""
    found = {member.id: member for member in others}
    user_id = st.selectbox(
        "Who",
        list(found),
        format_func=lambda key: f"{found[key].name} · {found[key].email}",
        key="changed",
    )
    member = found[user_id]
    roles = _GIVEN if member.role != Role.OWNER else (Role.OWNER,)
    role = st.selectbox(
        "Role",
        roles,
        index=roles.index(Role(member.role)),
        format_func=str.title,
        key=f"role-{user_id}",
    )
    manager = _choose_manager(
        [one for one in members if one.id != user_id],
        f"manager-{user_id}",
        chosen=member.manager_id,
    )
    with st.container(horizontal=True):
        saved = st.button("Save", type="primary", icon=":material/check:")
        turned = st.button(
            "Let in again" if member.disabled_at else "Disable",
            icon=":material/lock_open:" if member.disabled_at else ":material/block:",
            help="Nothing of theirs is deleted; they are signed out and cannot sign in.",
        )
    try:
        if saved:
            membership.change(actor, user_id, role=role, manager_id=manager.id if manager else None)
        elif turned:
            (membership.enable if member.disabled_at else membership.disable)(actor, user_id)
        else:
            return
    except Refusal as error:
        st.error(plain(error), icon=":material/error:")
    else:
        st.toast(f"Saved: {plain(member.name)}.", icon=":material/check:")
        st.rerun()


def _choose_manager(members: Sequence[Row], key: str, *, chosen: object) -> Row | None:
    """Who decides about this person's budget requests; an admin or the owner where nobody does."""
    managing = [one for one in members if one.role != Role.ANALYST and not one.disabled_at]
    found = {one.id: one for one in managing}
    ids = list(found)
    picked = st.selectbox(
        "Manager",
        ids,
        index=ids.index(chosen) if chosen in ids else None,
        format_func=lambda one: f"{found[one].name} · {found[one].email}",
        placeholder="Nobody",
        key=key,
        help="Gets the requests for a higher budget, and sees this person's months.",
    )
    return found.get(picked)


def _limit(text: str) -> Decimal:
    return parse_usd(text, "monthly limit")
