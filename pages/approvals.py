"""Requests for a higher limit: to decide, asked for, and decided."""

import streamlit as st

from lib.domain.people import MANAGING
from lib.services import mail, request_views
from lib.ui import request_cards, request_lists
from lib.ui.guard import guard
from lib.ui.navigation import page

person = guard()

views = request_views.waiting(person)
request_cards.title(sum(view.request.approver_id == person.id for view in views))
linked = request_cards.linked(person)
request_cards.tell_outcome([view.request.id for view in views])
if linked is not None:
    request_cards.draw(person, linked.view, linked=linked.action)

others = [view for view in views if linked is None or view.request.id != linked.view.request.id]
if person.role in MANAGING:
    for view in others:
        request_cards.draw(person, view)
    if not views and linked is None:
        st.info("Nothing waits for your decision.", icon=":material/task_alt:")

request_lists.draw_own(person)
request_lists.draw_decided(person)
if mail.may_read(person):
    st.page_link(page("outbox"), label="Outbox: the mail about this", icon=":material/outbox:")
