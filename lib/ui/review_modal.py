"""The final check as a full-screen modal dialog: what it shows, and what comes back (FR1.3.2).

Three things are kept in the session while it is open: the visit, the figures that are on screen,
and what has to be told about them. A start is held against exactly these figures.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import streamlit as st

from lib.db.connection import DatabaseUnavailable
from lib.domain.people import Person
from lib.domain.review import BOXES, Change, Outcome, Shown, confirmations, cost_range
from lib.services import review_visits, starting
from lib.services.assessment import Assessment
from lib.services.drafts import OpenDraft
from lib.services.errors import Refusal, StartRefused
from lib.services.final_check import FinalCheck, final_check
from lib.ui import drafting, spending_cap
from lib.ui.client_address import client_address
from lib.ui.review_cards import dataset_card, gpu_card, parameters_card
from lib.ui.review_costs import budget, changed, costs, warned
from lib.ui.review_origin import origin

_JS = Path(__file__).with_suffix(".js").read_text("utf-8")
_component = st.components.v2.component("final_check", js=_JS, isolate_styles=False)
_KEY = "final-check"
_VISIT = "final_check_visit"
OPENER = "open-final-check"  # the key of the button, to which the focus returns
STARTED, LEFT = "started", "final_check_left"  # the page leads on from here
log = logging.getLogger(__name__)


@dataclass
class Visit:
    """One opening. `asked` counts how often the boxes have to be ticked anew, `answered` is the
    last press that the server has dealt with.
    """

    id: UUID
    job_id: UUID
    noted: bool = False
    shown: Shown | None = None
    digest: str = ""
    changes: tuple[Change, ...] = field(default=())
    refusal: str = ""
    asked: int = 0
    answered: int = 0

    def follow(self, shown: Shown, digest: str) -> None:
        """Takes up the figures of this run; other ones than before have to be confirmed anew."""
        if self.shown is not None and (changes := self.shown.changes(shown)):
            self.changes, self.asked = changes, self.asked + 1
        self.shown, self.digest = shown, digest


def open_for(job_id: UUID) -> None:
    """A callback of the button: the run that follows draws the modal open."""
    st.session_state[_VISIT] = Visit(uuid4(), job_id)


def is_open() -> bool:
    """Whether the modal is open in this tab, or about to be."""
    return _VISIT in st.session_state


def is_new() -> bool:
    """Whether it was opened just now, and nothing has been shown yet."""
    return is_open() and st.session_state[_VISIT].shown is None


def forget() -> None:
    """Closes it without a word."""
    st.session_state.pop(_VISIT, None)


def leads_on() -> bool:
    """Whether its end leads to another page, which is the page's own run to go to."""
    return STARTED in st.session_state or LEFT in st.session_state


def draw(person: Person, opened: OpenDraft, assessment: Assessment) -> None:
    """The modal, open or not; always at one place of the page, or it would be built anew."""
    visit: Visit | None = st.session_state.get(_VISIT)
    if visit is not None and (visit.job_id != opened.job_id or assessment.estimate is None):
        visit = st.session_state.pop(_VISIT) and None  # another job, or no price any more
    data: dict[str, Any] = {"id": _KEY, "open": False, "answered": 0}
    data["opener"] = f".st-key-{OPENER} button"
    if visit is not None:
        check = final_check(person, opened, assessment)
        visit.follow(check.shown, assessment.digest)
        data |= {"open": True, **_content(visit, check)}
    _component(
        key=_KEY,
        data=data,
        on_ended_change=lambda: _ended(person, opened.job_id),
        on_cap_change=lambda: _cap_typed(person),
    )
    if visit is not None and not visit.noted:
        visit.noted = True
        try:
            review_visits.opened(person, opened.job_id, visit.id)
        except (DatabaseUnavailable, Refusal):
            log.warning("visit %s of the final check was not noted", visit.id, exc_info=True)


def _content(visit: Visit, check: FinalCheck) -> dict[str, Any]:
    assessment = check.assessment
    blocked = " ".join(blocker.message for blocker in assessment.blockers)
    assert visit.shown is not None
    parts = [
        origin(check),
        '<div class="fc-cards">',
        dataset_card(assessment.file),
        parameters_card(assessment.draft),
        gpu_card(check),
        "</div>",
        '<div class="fc-pair">',
        costs(check),
        budget(check.impact),
        "</div>",
        warned(check.notices),
    ]
    return {
        "visit": str(visit.id),
        "shown": visit.shown.digest,
        "asked": visit.asked,
        "answered": visit.answered,
        "cost": cost_range(check.estimate),
        "notice": changed(visit.changes, visit.refusal, blocked),
        "body": "".join(parts),
        "confirmations": confirmations(check.estimate),
        "can_start": not blocked,
        "hint": blocked,
        "spoken": _spoken(check),
    }


def _spoken(check: FinalCheck) -> str:
    """What a screen reader says once the dialog is open, after its title and cost."""
    sections = (
        "Sections: Training Dataset, Hyperparameters, GPU Configuration, Cost Analysis, Budget "
        "Impact"
    )
    told = [notice.text for notice in check.notices]
    return " ".join([f"{sections}{', Warnings' if told else ''}, Confirmation Checklist.", *told])


def _ended(person: Person, job_id: UUID) -> None:
    """A button was pressed: it counts for the visit that is open, and for it once."""
    said = st.session_state[_KEY].ended
    visit: Visit | None = st.session_state.get(_VISIT)
    if visit is None or said["visit"] != str(visit.id):
        return
    outcome, checked = Outcome(said["outcome"]), int(said["checked"])
    visit.answered = int(said["turn"])
    if outcome is Outcome.STARTED and not _start(person, job_id, visit, said["shown"], checked):
        return
    del st.session_state[_VISIT]
    if outcome is Outcome.STARTED:
        st.session_state[STARTED] = job_id
    elif outcome is Outcome.CANCELLED:
        st.session_state[LEFT] = True
    try:
        review_visits.left(visit.id, outcome, checked)
    except (DatabaseUnavailable, ValueError):
        log.warning("the end of visit %s was not noted", visit.id, exc_info=True)


def _cap_typed(person: Person) -> None:
    """Another spending cap: the figures change, and are to be confirmed anew; a bad one is told."""
    said = st.session_state[_KEY].cap
    visit: Visit | None = st.session_state.get(_VISIT)
    if visit is None or said["visit"] != str(visit.id):
        return
    visit.changes, visit.refusal = (), ""
    try:
        cap = spending_cap.typed(str(said["amount"]))
    except ValueError as error:
        visit.refusal, visit.asked = str(error), visit.asked + 1
        return
    drafting.change_draft(person, spending_cap=cap)


def _start(person: Person, job_id: UUID, visit: Visit, shown: str, checked: int) -> bool:
    """Whether the job has been started; if not, the visit says why and asks again."""
    assert visit.shown is not None
    visit.changes, visit.refusal = (), ""
    try:
        if shown != visit.shown.digest:  # pressed on figures that a later run has replaced
            raise StartRefused("changed", "The figures have changed since. Look at the new ones.")
        if checked != BOXES:
            raise StartRefused("fields", "Tick all three boxes of the checklist first.")
        address = client_address()
        starting.start(person, job_id, visit.digest, ip_address=address, seen=visit.shown)
    except (Refusal, DatabaseUnavailable) as error:
        visit.refusal, visit.asked = str(error), visit.asked + 1
        visit.changes = error.changes if isinstance(error, StartRefused) else ()
        return False
    return True
