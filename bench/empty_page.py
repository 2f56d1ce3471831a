"""The floor: a page with one radio and one line that changes with it."""

import streamlit as st

choice = st.radio("Choice", ["first", "second"])
st.markdown(f"figure-{choice}")
