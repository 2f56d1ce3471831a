"""Clients."""

import streamlit as st

from lib.ui.guard import guard

person = guard()
st.title("Clients", anchor=False)
