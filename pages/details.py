"""Step 4: what the job is called, what it is about and whom it is for (FR1.3.1)."""

import streamlit as st

from lib.domain.draft import problems
from lib.domain.metadata import DESCRIPTION_LIMIT, NAME_LENGTH
from lib.services import clients, tags
from lib.services.metadata_checks import name_warning
from lib.ui import drafting, wizard
from lib.ui.guard import guard
from lib.ui.kept_text import kept_text
from lib.ui.notes_editor import notes_editor
from lib.ui.picker import client_picker, tag_picker

person = guard()
opened = drafting.open_draft(person)
draft = opened.draft
faults = problems(draft)
store = f"{person.id}:{opened.job_id}"  # nobody else's unsaved text, nor another job's
known_tags = tags.known()


def change_tags(chosen: tuple[str, ...]) -> None:
    if new := [tag for tag in chosen if tag not in known_tags]:
        tags.create(person, new)  # for everybody, whatever becomes of this draft
    drafting.change_draft(person, tags=chosen)


@st.fragment
def notes() -> None:
    """Saved while they are typed, by a run of their own: the panel and the page rest meanwhile."""
    notes_editor(
        "details-notes",
        drafting.open_draft(person).draft.notes,
        store,
        lambda text: drafting.change_draft(person, notes=text),
    )


wizard.head("details", "So that everybody finds and understands this run later.")
kept_text(
    "details-name",
    "Job name",
    draft.name,
    store,
    lambda text: drafting.change_draft(person, name=text),
    limit=NAME_LENGTH[1],
    restored="Your unsaved job name of {time} was restored",
    required=True,
    problem=faults.get("name", ""),
    warning=name_warning(opened),
)
kept_text(
    "details-description",
    "Description",
    draft.description,
    store,
    lambda text: drafting.change_draft(person, description=text),
    limit=DESCRIPTION_LIMIT,
    restored="Your unsaved description of {time} was restored",
    placeholder="What is the purpose of this training run? (e.g., 'First production model for Acme "
    "client', 'Testing aggressive parameters on high-emotion dataset')",
    rows=3,
    problem=faults.get("description", ""),
)
notes()
tag_picker("details-tags", draft.tags, known_tags, change_tags)
client_picker(
    "details-client",
    draft.client,
    draft.project,
    clients.known(),
    lambda client, project: drafting.change_draft(person, client=client, project=project),
)
wizard.foot(person, opened, "details")
