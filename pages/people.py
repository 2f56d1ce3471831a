"""Who works here: add people, give them a role and a manager, let them go (FR1.2.2)."""

import streamlit as st

from lib.domain.people import ADMINISTERING
from lib.services import membership
from lib.ui import people_view
from lib.ui.guard import guard

person = guard()

st.title("People", anchor=False)
if person.role not in ADMINISTERING:
    st.info("Admins and the owner see and change who works here.", icon=":material/lock:")
    st.stop()

members = membership.members(person)
people_view.show(members)
left, right = st.columns(2)
with left.expander("Add somebody", icon=":material/person_add:", expanded=len(members) == 1):
    people_view.add_form(person, members)
others = [member for member in members if member.id != person.id]
if others:
    with right.expander("Change somebody", icon=":material/manage_accounts:"):
        people_view.change_form(person, others, members)
