"""The script that Streamlit runs for every page: navigation, guard, sidebar, then the page."""

from pathlib import Path

import streamlit as st

from lib.domain.people import ADMINISTERING
from lib.services import installation
from lib.ui import bell, cost_panel, drafting, notices, session
from lib.ui.guard import guard
from lib.ui.navigation import WIZARD, all_pages
from lib.ui.navigation import page as page_of
from lib.ui.style import apply_style
from lib.ui.text import plain

ICON = Path(__file__).with_name("icon.png")
CONFIGURING = {row.name for row in WIZARD[1:]}  # the first step makes the draft

st.set_page_config(
    page_title="LoRA Pipeline",
    page_icon=str(ICON),
    layout="wide",
    initial_sidebar_state="auto",
)
apply_style()
st.logo(str(ICON), size="small")

# Before the guard: a page that is not declared yet would lose its address to the sign-in.
page = st.navigation(all_pages(), position="top")
if "is_demo" not in st.session_state:
    st.session_state["is_demo"] = installation.is_demo()
if st.session_state["is_demo"]:
    st.html('<p class="demo" role="note">Demo data: nothing here is real</p>')
cookie_slot = st.container(key="cookies")
person = guard(cookie_slot)
session.hand_over_cookie(cookie_slot)

notices.show(person)
assessment = None
with st.sidebar:
    if page.url_path in CONFIGURING and drafting.has_draft():
        assessment = cost_panel.draw(person)
    else:
        cost_panel.draw_budget(person)
    with st.container(key="account"):
        st.caption(f"{plain(person.name)} · {person.role}")
        bell_place = st.container(key="bell").empty()
        if person.role in ADMINISTERING:
            st.page_link(page_of("people"), label="People", icon=":material/group:")
            st.page_link(page_of("status"), label="Status", icon=":material/monitor_heart:")
        st.button("Sign out", icon=":material/logout:", on_click=session.sign_out, type="tertiary")

bell.draw(person, bell_place, live=page.url_path not in {row.name for row in WIZARD})
if assessment is not None:
    cost_panel.draw_strip(assessment)
page.run()
