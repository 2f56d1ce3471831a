"""The editor of a job's notes: Markdown with a preview, saved while it is typed (FR1.3.1)."""

from collections.abc import Callable

from lib.domain.metadata import NOTES_LIMIT, Metadata, problems
from lib.ui.kept_text import kept_text
from lib.ui.markdown import rendered

_PLACEHOLDER = (
    "Document your hypothesis, experimental variables, expected outcomes, or configuration "
    "rationale. Use markdown for formatting."
)


def notes_editor(key: str, text: str, store_key: str, on_change: Callable[[str], None]) -> None:
    """Draws the editor over the saved `text`; `on_change` gets what was typed, soon after.

    `store_key` names the user and the job: unsaved text of theirs is found again in this browser.
    """
    kept_text(
        key,
        "Notes",
        text,
        store_key,
        on_change,
        limit=NOTES_LIMIT,
        restored="Your unsaved notes of {time} were restored",
        placeholder=_PLACEHOLDER,
        rows=8,
        live=True,
        problem=problems(Metadata(name="", notes=text)).get("notes", ""),
        html=rendered(text) if text.strip() else '<p class="quiet">Nothing to preview yet.</p>',
    )
