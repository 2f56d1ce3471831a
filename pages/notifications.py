"""What happened while somebody looked elsewhere, and on which ways they want to be told of it."""

import streamlit as st

from lib.services import notifications
from lib.ui import notification_list, notification_preferences
from lib.ui.guard import guard

person = guard()

st.title("Notifications", anchor=False)
told, chosen = st.tabs(["What happened", "What you are told"])
with told:
    notification_list.draw(person, notifications.newest(person))
with chosen:
    notification_preferences.draw(person)
