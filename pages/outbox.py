"""The mail that this installation wrote: what was sent, what waits, what failed and why."""

import streamlit as st

from lib.services import mail
from lib.ui import outbox_view
from lib.ui.guard import guard
from lib.ui.navigation import page

person = guard()

st.title("Outbox", anchor=False)
st.page_link(page("approvals"), label="Approvals", icon=":material/arrow_back:")
mails = mail.listing(person)
outbox_view.head(mails)
if not mails:
    with st.container(key="empty"):
        st.subheader("No mail yet", anchor=False)
        st.write("Budget requests, and what was decided on them, are told by mail.")
    st.stop()
chosen = outbox_view.choose(mails)
if chosen is not None:
    outbox_view.draw(person, mail.read(person, chosen))
