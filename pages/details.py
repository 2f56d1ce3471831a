"""Step 4: what the job is called and whom it is for (FR1.3.1)."""

import streamlit as st

from lib.domain.draft import problems
from lib.domain.metadata import DESCRIPTION_LIMIT, NAME_LENGTH, NOTES_LIMIT
from lib.services import clients
from lib.ui import drafting, wizard
from lib.ui.guard import guard

person = guard()
opened = drafting.open_draft(person)
draft = opened.draft
faults = problems(draft)

wizard.head("details", "So that everybody finds and understands this run later.")


def field(name: str, empty: str | None = "") -> str:
    """The widget's key, filled from the draft: the draft is the only state."""
    key = f"details-{name}"
    st.session_state[key] = getattr(draft, name) or empty
    return key


def changed(name: str) -> None:
    drafting.change_draft(person, **{name: st.session_state[f"details-{name}"] or ""})


def text(name: str, widget, label: str, limit: int, **options: object) -> None:
    """One text field with its limit and, below it, what is wrong with it."""
    widget(label, max_chars=limit, key=field(name), on_change=changed, args=(name,), **options)
    if name in faults:
        st.error(faults[name])


text("name", st.text_input, "Job name", NAME_LENGTH[1])
text(
    "description",
    st.text_area,
    "Description",
    DESCRIPTION_LIMIT,
    height=90,
    placeholder="What is the purpose of this training run? (e.g., 'First production model for Acme "
    "client', 'Testing aggressive parameters on high-emotion dataset')",
)
text(
    "notes",
    st.text_area,
    "Notes",
    NOTES_LIMIT,
    height=150,
    placeholder="Document your hypothesis, experimental variables, expected outcomes, or "
    "configuration rationale. Use markdown for formatting.",
)

known = clients.known()
left, right = st.columns(2)
left.selectbox(
    "Client",
    sorted({*known, *filter(None, [draft.client])}),
    key=field("client", empty=None),
    index=None,
    accept_new_options=True,
    placeholder="Nobody named: choose, or type a new client",
    help="Named on the quote, and used to attribute the cost.",
    on_change=changed,
    args=("client",),
)
right.selectbox(
    "Project",
    sorted({*known.get(draft.client, []), *filter(None, [draft.project])}),
    key=field("project", empty=None),
    index=None,
    accept_new_options=True,
    placeholder="Choose, or type a new project",
    disabled=not draft.client,
    on_change=changed,
    args=("project",),
)
wizard.foot(person, opened, "details")
