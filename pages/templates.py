"""Templates."""

import streamlit as st

from lib.ui.guard import guard

person = guard()
st.title("Templates", anchor=False)
