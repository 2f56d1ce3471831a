"""One configuration template: what it holds, a job from it, and who changes it (FR1.3.1)."""

from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.hyperparameters import PARAMETER_HELP
from lib.domain.metadata import DESCRIPTION_LIMIT, NAME_LENGTH
from lib.domain.people import Person
from lib.domain.presets import PRESETS
from lib.domain.states import JobStatus
from lib.domain.template import Kept
from lib.services import templates, training_files
from lib.services.errors import Refusal
from lib.services.offers import offers
from lib.ui import file_chooser, template_cards, wizard
from lib.ui.moments import date_and_time
from lib.ui.status import pill
from lib.ui.tag_pills import pills as tag_pills
from lib.ui.template_dialogs import SHARING, open_in_wizard
from lib.ui.text import plain, safe

_MODIFIED = ' <span class="pill quiet">modified</span>'


def draw(person: Person, template: Row) -> None:
    """The page of one template."""
    st.button("All templates", type="tertiary", icon=":material/arrow_back:", on_click=_close)
    places = {offer.key: offer.title for offer in offers()}
    kept = templates.usable(template)
    byline = f"By {template.creator_name} · saved {date_and_time(template.created_at)}"
    st.html(
        f'<h1 class="job-name" dir="auto">{safe(template.name)}</h1>'
        f'<p class="byline">{safe(f"{byline} · {template_cards.usage(template)}")}</p>'
    )
    st.html(template_cards.pills(template, places))
    if template.description:
        st.html(f'<p class="prose" dir="auto">{safe(template.description)}</p>')
    _draw_actions(person, template)
    for notice in kept.notices:
        st.warning(plain(notice), icon=":material/info:")
    left, right = st.columns([1.25, 1])
    with left:
        if template.archived_at is None:
            _draw_start(person, template)
        _draw_jobs(person, template.id)
    with right:
        _draw_content(kept, places)


def _draw_actions(person: Person, template: Row) -> None:
    if not templates.may_edit(person, template):
        return
    with st.container(horizontal=True):
        if st.button("Edit", icon=":material/edit:"):
            _edit_dialog(person, template)
        if template.archived_at is None:
            st.button(
                "Archive", icon=":material/archive:", on_click=_archive, args=(person, template)
            )
        else:
            st.button(
                "Restore", icon=":material/unarchive:", on_click=_restore, args=(person, template)
            )


def _draw_start(person: Person, template: Row) -> None:
    """The chooser of training files, and the button that makes the draft."""
    st.subheader("Start a job from it", anchor=False)
    first, any_there = training_files.first_to_show()
    if not any_there:
        st.info("Import a training file first: New job has the way.", icon=":material/database:")
        return
    file = file_chooser.choose(first)
    reason = training_files.why_not(file) if file else "Choose a training file."
    if file and reason:
        st.warning(plain(reason), icon=":material/block:")
    pressed = st.button(
        "Start from this template",
        type="primary",
        icon=":material/arrow_forward:",
        icon_position="right",
        disabled=reason is not None,
        help="Makes a draft; you can change everything before it starts.",
    )
    if pressed and file:
        try:
            job_id = templates.start(person, template.id, file.id)
        except Refusal as refusal:
            st.error(plain(refusal), icon=":material/block:")
        else:
            open_in_wizard(job_id)


def _draw_content(kept: Kept, places: dict[str, str]) -> None:
    """What a job begins with: its preset's parameters with the changes marked, and the rest."""
    st.subheader("What it holds", anchor=False)
    preset = PRESETS.get(kept.preset or "")
    rows = [
        ("Preset", preset.title if preset else "suggested for the training file"),
        *(
            (PARAMETER_HELP[name][0], f"{_shown(v)} (changed)")
            for name, v in kept.overrides.items()
        ),
        ("Runs on", places.get(kept.offer_key, "")),
        ("Client", kept.client or "–"),
        ("Project", kept.project or "–"),
    ]
    wizard.rows(rows)
    if kept.tags:
        st.html(tag_pills(kept.tags))
    if kept.notes:
        with st.expander("Notes", icon=":material/notes:"):
            st.html(f'<p class="prose" dir="auto">{safe(kept.notes)}</p>')


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _draw_jobs(person: Person, template_id: UUID) -> None:
    found = templates.jobs_from(person, template_id)
    if not found:
        return
    st.subheader("Newest jobs from it", anchor=False)
    lines = "".join(
        f'<li><a href="/job?job={job.id}" target="_self" dir="auto">{safe(job.name)}</a>'
        f" {pill(JobStatus(job.status))}{_MODIFIED if modified else ''}"
        f"<small><bdi>{safe(job.creator_name)}</bdi>, {date_and_time(job.created_at)}</small></li>"
        for job, modified in found
    )
    st.html(f'<ul class="template-jobs">{lines}</ul>')


@st.dialog("Edit template", icon=":material/edit:")
def _edit_dialog(person: Person, template: Row) -> None:
    name = st.text_input("Template name", value=template.name, max_chars=NAME_LENGTH[1])
    description = st.text_area(
        "Template description", value=template.description, max_chars=DESCRIPTION_LIMIT, height=120
    )
    options = list(SHARING)
    sharing = st.radio(
        "Who sees and uses it",
        options,
        index=options.index(next(k for k, shared in SHARING.items() if shared == template.shared)),
        horizontal=True,
        help="A private template is seen by its creator alone.",
    )
    if st.button("Save", type="primary", icon=":material/check:", width="stretch"):
        try:
            templates.edit(
                person,
                template.id,
                name=name,
                description=description,
                shared=SHARING[sharing],
            )
        except (Refusal, ValueError) as refusal:
            st.error(plain(refusal), icon=":material/block:")
        else:
            st.rerun()


def _close() -> None:
    st.query_params.pop("template", None)


def _archive(person: Person, template: Row) -> None:
    templates.archive(person, template.id)
    template_cards.tell_archived(template)
    _close()


def _restore(person: Person, template: Row) -> None:
    try:
        templates.restore(person, template.id)
    except Refusal as refusal:
        st.toast(plain(refusal), icon=":material/block:")
