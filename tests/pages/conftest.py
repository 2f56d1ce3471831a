"""Pages run by Streamlit's own AppTest against the real database, and jobs in any state."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from lib.db import jobs as job_queries
from lib.db import work
from lib.db.connection import transaction
from lib.domain.draft import change
from lib.domain.people import Person
from lib.domain.states import TERMINAL, JobStatus
from lib.services import accounts, drafts, starting
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from lib.services.settlement import end_job

PAGES = Path(__file__).parents[2] / "pages"
S = JobStatus
OURS = ("radio_cards", "kept_text", "picker", "final_check", "job_list", "comparison_bar")

#: The states after `queued` that lead to each state.
WAYS: Mapping[JobStatus, tuple[JobStatus, ...]] = MappingProxyType(
    {
        S.QUEUED: (),
        S.PROVISIONING: (S.PROVISIONING,),
        S.STARTING: (S.PROVISIONING, S.STARTING),
        S.RUNNING: (S.PROVISIONING, S.STARTING, S.RUNNING),
        S.RECOVERING: (S.PROVISIONING, S.STARTING, S.RUNNING, S.RECOVERING),
        S.COMPLETED: (S.PROVISIONING, S.STARTING, S.RUNNING, S.COMPLETED),
        S.FAILED: (S.PROVISIONING, S.STARTING, S.FAILED),
        S.CANCELLED: (S.CANCELLED,),
    }
)


@pytest.fixture(scope="session", autouse=True)
def installed_packages_are_read_once() -> Iterator[None]:
    """AppTest looks for components in every package before every run: most of a test's time."""
    with pytest.MonkeyPatch.context() as patch:
        scan = manifest_scanner.scan_component_manifests
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(scan))
        yield


def as_in_the_app(path: str) -> None:
    """A script for AppTest: a page whose faults are told as app.py has them told."""
    import runpy

    from lib.ui.faults import show_fault

    try:
        runpy.run_path(path)
    except Exception as error:  # noqa: BLE001  as Streamlit calls its on_script_error
        show_fault(error)


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """AppTest leaves a page as `__main__`, which a process spawned by a later test would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def switches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Where pages lead, as page and job: an AppTest of one page cannot go there itself."""
    found: list[tuple[str, str | None]] = []

    def switch(page: Any, query_params: Mapping[str, str]) -> None:
        found.append((page.url_path or "jobs", query_params.get("job")))
        st.stop()

    monkeypatch.setattr(st, "switch_page", switch)
    return found


@pytest.fixture(autouse=True)
def come_from_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest has no connection that could have one."""
    monkeypatch.setattr(ContextProxy, "ip_address", property(lambda _: "203.0.113.7"))


@pytest.fixture
def open_page(database: Any, switches: list[Any]) -> Callable[..., AppTest]:
    """`open_page("job", actor, job_id)`: the page as the actor sees it; signed out without one.

    It is run on its own, without the shell: the one way in which a page could be reached unguarded.
    With `faults` what it raises is told as in the app, else it is an exception of the AppTest.
    """

    def run(
        name: str,
        actor: Person | None = None,
        job: object | None = None,
        *,
        faults: bool = False,
        **address: str,
    ) -> AppTest:
        path = PAGES / f"{name}.py"
        if faults:
            page = AppTest.from_function(as_in_the_app, kwargs={"path": str(path)})
        else:
            page = AppTest.from_file(path)
        page.default_timeout = 20
        if actor is not None:
            page.session_state["session_id"] = accounts.open_session(actor.email)
        if job is not None:
            page.query_params["job"] = str(job)
        for key, value in address.items():
            page.query_params[key] = value
        return page.run()

    return run


@pytest.fixture
def started_job(local_draft: Callable[..., OpenDraft]) -> Callable[..., UUID]:
    """`started_job(actor, JobStatus.RUNNING, name="...")`: a job that has come so far."""

    def make(
        actor: Person, status: JobStatus = S.QUEUED, *, cost: str = "10.00", **details: str
    ) -> UUID:
        opened = local_draft(actor, cost=cost)
        if details:
            opened = drafts.save(actor, opened, change(opened.draft, drafts.today(), **details))
        starting.start(actor, opened.job_id, assess(opened).digest)
        move(opened.job_id, *WAYS[status])
        return opened.job_id

    return make


def move(job_id: UUID, *states: JobStatus, cost: str = "0.00", **values: Any) -> None:
    """Takes a job from state to state as the worker does; `values` are written with the last."""
    for state in states:
        last = values if state is states[-1] else {}
        with transaction() as connection:
            job = job_queries.lock(connection, job_id)
            assert job is not None
            if state is S.STARTING:
                last = {"started_at": datetime.now(UTC) - timedelta(minutes=3), **last}
            if state in TERMINAL:
                end_job(connection, job, state, f"Now {state}", Decimal(cost), **last)
            else:
                job_queries.transition(connection, job, state, f"Now {state}", **last)


def train(job_id: UUID, steps: range, *, total: int = 90, attempt: int = 1) -> None:
    """Writes the steps' metrics and the progress after the last of them."""
    now = datetime.now(UTC)
    with transaction() as connection:
        work.write_metrics(
            connection,
            [
                {
                    "job_id": job_id,
                    "step": step,
                    "attempt": attempt,
                    "at": now,
                    "loss": Decimal("4.5") - Decimal(step) / 100,
                    "learning_rate": Decimal("0.0001"),
                    "tokens_seen": 2100 * step,
                    "tokens_per_second": Decimal("1800"),
                    "elapsed_seconds": Decimal(step),
                }
                for step in steps
            ],
        )
        job_queries.write(
            connection,
            job_id,
            progress={
                "step": steps[-1],
                "steps_total": total,
                "percent": round(100 * steps[-1] / total, 1),
                "epoch": 1.25,
                "loss": 4.5 - steps[-1] / 100,
                "first_loss": 4.49,
                "tokens_per_second": 1783.2,
                "tokens_seen": 2100 * steps[-1],
                "elapsed_seconds": 120.0,
                "eta_seconds": 75,
                "base_model": "tiny",
            },
        )


def choose_card(page: AppTest, group: str, name: str) -> AppTest:
    """What a click on a radio card does."""
    return _tell(page, group, "chosen", name=name)


def type_into(page: AppTest, key: str, text: str, store: str | None = None) -> AppTest:
    """What typing into a field of kept text does, once it is sent; `store` names another's text."""
    told = sent(page, key)
    typed = {"text": text, "store": store or told["store"], "turn": told["answered"] + 1}
    states = page._tree.get_widget_states()
    field = states.widgets.add()
    field.id, field.json_value = _component(page, key).id, json.dumps({"typed": typed})
    return page._run(states)


def pick(page: AppTest, key: str, *value: str) -> AppTest:
    """What picking all these tags does, or a client and a project."""
    return _tell(page, key, "picked", value=list(value))


def in_job_list(page: AppTest, event: str, **value: Any) -> AppTest:
    """What a click in the list of jobs does: "chosen" with ids, "opened" with an id, "tagged"."""
    return _tell(page, "job-list", event, **value)


def compare_only(page: AppTest, *job_ids: object) -> AppTest:
    """What adding, moving and removing does on the page compare: all jobs, in their new order."""
    return _tell(page, "compared", "chosen", ids=list(map(str, job_ids)), text="")


def look_for_jobs(page: AppTest, text: str) -> AppTest:
    """What typing into the search of the page compare does, once it is sent."""
    return _tell(page, "compared", "typed", text=text)


def _tell(page: AppTest, key: str, event: str, **value: Any) -> AppTest:
    """AppTest knows no components, so it is told by hand what theirs was told in a browser."""
    component = _component(page, key)
    states = page._tree.get_widget_states()
    trigger = states.widgets.add()
    trigger.id = _make_trigger_id(component.id, "events")
    told = {**value, "turn": json.loads(component.json)["answered"] + 1}
    trigger.json_trigger_value = json.dumps([{"event": event, "value": told}])
    return page._run(states)


def sent(page: AppTest, key: str) -> dict[str, Any]:
    """What a component of ours was sent to the browser with."""
    found: dict[str, Any] = json.loads(_component(page, key).json)
    return found


def _component(page: AppTest, key: str) -> Any:
    found = (getattr(element, "proto", None) for element in page._tree)
    ours = (proto for proto in found if getattr(proto, "component_name", "") in OURS)
    return next(proto for proto in ours if json.loads(proto.json)["id"] == key)


def leave_final_check(page: AppTest, outcome: str, *, checked: int = 3, **said: Any) -> AppTest:
    """What a press of a button of the review's final check does: "started", "edited" or
    "cancelled"; `sent(page, "final-check")` is what it shows.
    """
    data = sent(page, "final-check")
    answer = {"visit": data["visit"], "shown": data["shown"], "checked": checked} | said
    return _tell(page, "final-check", "ended", outcome=outcome, **answer)


def open_final_check(page: AppTest) -> AppTest:
    """Presses "Review & Start Training"."""
    return page.button(key="open-final-check").click().run()


def start_training(page: AppTest) -> AppTest:
    """From the review page to a started job: opens the final check, ticks all, presses Start."""
    return leave_final_check(open_final_check(page), "started")


def unfold(page: AppTest, expander: str) -> AppTest:
    """Opens an expander that draws nothing while it is folded, by its key."""
    page.session_state[expander] = True
    return page.run()


def cards(page: AppTest, group: str) -> dict[str, dict[str, Any]]:
    """The radio cards of a group by name; `chosen` says whether that one is."""
    data = sent(page, group)
    return {
        card["name"]: {**card, "chosen": card["name"] == data["chosen"]} for card in data["cards"]
    }


def texts(page: AppTest) -> list[tuple[str, str]]:
    """Every text of the page in its order: the element's type, and its source."""
    found = []
    for element in page._tree:
        proto = getattr(element, "proto", None)
        for name in ("body", "label", "text"):
            value = getattr(proto, name, None)
            if isinstance(value, str) and value:
                found.append((element.type, value))
        if getattr(proto, "component_name", "") == "radio_cards":
            data = json.loads(proto.json)
            found.append(("text", data["label"]))
            for card in data["cards"]:
                found += [("text", card["label"]), ("html", card["html"])]
        elif getattr(proto, "component_name", "") in OURS:
            found += _words(json.loads(proto.json))
    return found


def _words(data: Any, name: str = "") -> list[tuple[str, str]]:
    """All text in what a component was sent, with the type by which it is shown."""
    if isinstance(data, str):
        return [("html" if name in ("html", "body", "notice", "cells") else "text", data)]
    items = data.items() if isinstance(data, dict) else ((name, one) for one in data)
    return [
        found
        for key, value in items
        if isinstance(value, str | list | dict)
        for found in _words(value, key)
    ]


def said(page: AppTest) -> str:
    """All text of the page as one."""
    return "\n".join(text for _, text in texts(page))


def figures(page: AppTest) -> dict[str, str]:
    """The page's tiles and tables of ours: label and value."""
    tiles = r"<div><span>([^<]*)</span><b>([^<]*)</b>"
    rows = r"<tr><th scope=row>([^<]*)</th><td>([^<]*)</td></tr>"
    return dict(re.findall(f"{tiles}", said(page)) + re.findall(rows, said(page)))
