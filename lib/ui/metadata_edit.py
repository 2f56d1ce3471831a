"""An edit that is being written: it outlives reruns, refusals and what others save meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import streamlit as st

from lib.db.connection import DatabaseUnavailable
from lib.domain.job_edits import merged, overwritten
from lib.domain.metadata import Metadata
from lib.domain.people import Person
from lib.services import job_metadata
from lib.services.errors import Refusal
from lib.services.job_metadata import BadMetadata, EditedSince

_DIALOG, _INLINE = "metadata-dialog", "metadata-inline"


@dataclass
class Editing:
    """`base` is what the editor had read and `seen` names it; `only` is the field edited in place.

    `met` is what somebody else has saved since, until the editor has decided what becomes of it.
    """

    job_id: UUID
    base: Metadata
    seen: datetime
    name_locked: bool
    mine: Metadata
    only: str | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""
    notice: str = ""
    met: EditedSince | None = None

    def write(self, **values: Any) -> None:
        """What a widget's callback says."""
        self.mine = replace(self.mine, **values)

    def save(self, person: Person) -> bool:
        """False where it was not saved; then faults, trouble or `met` say why."""
        self.faults, self.trouble, self.notice = {}, "", ""
        try:
            job_metadata.edit(person, self.job_id, self.mine, self.seen)
        except EditedSince as moved:
            if moved.now.metadata == self.base and not self._renames_started(moved):
                self.seen = moved.now.seen  # saved, but not in other words: nobody to ask
                return self.save(person)
            self.met = moved
        except BadMetadata as bad:
            self.faults = bad.faults
        except (Refusal, DatabaseUnavailable) as error:
            self.trouble = str(error)
        else:
            return True
        return False

    def merge(self) -> None:
        """Both edits into the fields, for the editor to look over and save."""
        moved = self._take_up()
        both = merged(self.base, self.mine, moved.now.metadata)
        self.mine = both.metadata
        self._go_on_from(moved)
        self.notice = "Both edits are below: look them over, then save."

    def overwrite(self) -> None:
        """The editor's words into the fields that they touched; others keep what was saved."""
        moved = self._take_up()
        self.mine = overwritten(self.base, self.mine, moved.now.metadata)
        self._go_on_from(moved)

    def _take_up(self) -> EditedSince:
        moved, self.met = self.met, None
        assert moved is not None, "there is nothing to merge with"
        return moved

    def _go_on_from(self, moved: EditedSince) -> None:
        now = moved.now
        self.base, self.seen, self.name_locked = now.metadata, now.seen, now.name_locked
        if now.name_locked and self.mine.name != now.metadata.name:
            self.trouble = (
                f"The job was started meanwhile, so it keeps its name; yours was: {self.mine.name}"
            )
            self.mine = replace(self.mine, name=now.metadata.name)

    def _renames_started(self, moved: EditedSince) -> bool:
        return moved.now.name_locked and self.mine.name != moved.now.metadata.name


def begin(person: Person, job_id: UUID, only: str | None = None) -> None:
    """A button's callback: starts an edit of all fields in the dialog, or of one in its place."""
    now = job_metadata.read(person, job_id)
    _keep(Editing(job_id, now.metadata, now.seen, now.name_locked, now.metadata, only))


def to_dialog(editing: Editing) -> None:
    """What was edited in place goes on where there is room for questions."""
    end()
    _keep(replace(editing, only=None))


def in_dialog(job_id: UUID) -> Editing | None:
    """The edit of this job that the dialog shows."""
    return _kept(_DIALOG, job_id)


def in_place(job_id: UUID, name: str) -> Editing | None:
    """The edit of this field in its place."""
    editing = _kept(_INLINE, job_id)
    return editing if editing is not None and editing.only == name else None


def end() -> None:
    """The edit was saved or given up."""
    for key in (_DIALOG, _INLINE):
        st.session_state.pop(key, None)


def _keep(editing: Editing) -> None:
    st.session_state[_INLINE if editing.only else _DIALOG] = editing


def _kept(key: str, job_id: UUID) -> Editing | None:
    editing: Editing | None = st.session_state.get(key)
    return editing if editing is not None and editing.job_id == job_id else None
