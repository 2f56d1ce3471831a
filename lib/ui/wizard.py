"""What the wizard's pages share: the head with the steps, fact tiles, the foot."""

from collections.abc import Iterable

import streamlit as st

from lib.domain.people import Person
from lib.services import drafts
from lib.services.drafts import OpenDraft
from lib.ui import drafting
from lib.ui.navigation import WIZARD, go, page
from lib.ui.text import safe


def head(name: str, subtitle: str) -> None:
    """The page's title under the five steps, with this one marked."""
    names = [row.name for row in WIZARD]
    here = names.index(name)
    steps = "".join(
        f'<li class="{"now" if at == here else "done" if at < here else "next"}"'
        f"{' aria-current=step' if at == here else ''}>"
        f"<b>{at + 1}</b><span>{row.title}</span></li>"
        for at, row in enumerate(WIZARD)
    )
    st.html(f'<ol class="stepper" aria-label="Steps">{steps}</ol>')
    st.title(WIZARD[here].title, anchor=False)
    st.caption(subtitle)


def foot(person: Person, opened: OpenDraft, name: str) -> None:
    """Back, continue and discard. The steps before and after follow from the wizard's rows."""
    names = [row.name for row in WIZARD]
    here = names.index(name)
    before, after = names[here - 1], names[here + 1 : here + 2]
    with st.container(horizontal=True, key="steps-foot"):
        if before != "dataset" and st.button("Back", icon=":material/arrow_back:"):
            go(before, opened.job_id)
        for following in after:
            if st.button(
                f"Continue to {page(following).title}",
                type="primary",
                icon=":material/arrow_forward:",
                icon_position="right",
            ):
                go(following, opened.job_id)
        if st.button("Discard draft", type="tertiary", icon=":material/delete:"):
            drafts.discard(person, opened.job_id)
            drafting.forget()
            go("jobs")


def facts(tiles: Iterable[tuple[str, str, str]]) -> None:
    """A row of figures: label, value, remark."""
    cells = "".join(
        f"<div><span>{safe(label)}</span><b>{safe(value)}</b><small>{safe(remark)}</small></div>"
        for label, value, remark in tiles
    )
    st.html(f'<div class="facts">{cells}</div>')


def rows(pairs: Iterable[tuple[str, str]], *, left: bool = False) -> None:
    """A two-column table: label, value; figures on the right."""
    body = "".join(
        f"<tr><th scope=row>{safe(label)}</th><td>{safe(value)}</td></tr>" for label, value in pairs
    )
    st.html(f'<table class="rows{" left" if left else ""}">{body}</table>')
