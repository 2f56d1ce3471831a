"""Compare jobs."""

import streamlit as st

from lib.ui.guard import guard

person = guard()
st.title("Compare jobs", anchor=False)
