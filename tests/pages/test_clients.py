"""The page clients: who sees which sums, one client, and what is exported."""

import csv
from collections.abc import Callable
from io import StringIO
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.people import Person
from lib.services import clients, quotes
from lib.ui import client_table, client_view
from tests.pages.conftest import figures, said
from tests.past_jobs import insert_past_job

Make = Callable[..., Any]
_numbers = count(1)


@pytest.fixture
def name() -> str:
    return f"Kontor {next(_numbers)} & Søn"


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def save_name(page: AppTest, opener: str, name: str) -> AppTest:
    """Opens a dialog and saves in it. AppTest runs whole pages: its opener is pressed again."""
    page = press(page, opener)
    page.text_input[-1].set_value(name)
    next(button for button in page.button if button.label == opener).click()
    return press(page, "Save")


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def open_client(open_page: Make, actor: Person, **named: object) -> AppTest:
    page = open_page("clients", actor)
    for parameter, value in named.items():
        page.query_params[parameter] = str(value)
    return page.run()


def test_an_empty_list_says_how_to_name_the_first_one(
    installation: str, open_page: Make, person: Make
) -> None:
    page = open_page("clients", person())
    assert "No clients yet" in said(page)
    assert "New client" in labels(page)


def test_each_role_is_told_whose_sums_it_sees(
    open_page: Make, person: Make, training_file: Make, name: str
) -> None:
    analyst, manager = person(), person("manager")
    client_id = clients.create(analyst, name)
    file = training_file(actor=analyst)
    insert_past_job(analyst, file, client_id=client_id, actual_hours="10")
    insert_past_job(manager, file, client_id=client_id, actual_hours="10")
    own = said(open_client(open_page, analyst, client=client_id))
    everybody = said(open_client(open_page, manager, client=client_id))
    assert "Sums are over your own jobs alone" in own
    assert "Sums are over everybody's jobs" in everybody
    assert ("$24.90" in own, "$49.80" in own) == (True, False)
    assert "$49.80" in everybody
    assert "Rename" not in labels(open_client(open_page, analyst, client=client_id))


def test_a_client_s_page_has_months_presets_creators_variance_jobs_and_quotes(
    open_page: Make, person: Make, training_file: Make, draft: Make, name: str
) -> None:
    manager = person("manager", name="Marta")
    opened = draft(manager, client=name, project="Letters", preset="balanced")
    number = quotes.issue(manager, opened).number
    entry = next(one for one in clients.overview(manager).entries if one.name == name)
    insert_past_job(
        manager,
        training_file(actor=manager),
        client_id=entry.id,
        project_id=entry.projects[0].id,
        estimated_hours="10",
        actual_hours="12",
    )
    page = open_client(open_page, manager, client=entry.id)
    shown = said(page)
    assert figures(page)["Actual cost"] == "$29.88"
    assert figures(page)["Estimate variance"] == "+20.0 %"
    for words in ("By month", "By preset", "By creator", "Balanced", "Marta", "Letters", number):
        assert words in shown
    assert f'href="/?client={entry.id}"' in shown
    assert page.get("plotly_chart")
    of_project = said(
        open_client(open_page, manager, client=entry.id, project=entry.projects[0].id)
    )
    assert f"/?client={entry.id}&amp;project={entry.projects[0].id}" in of_project
    assert "$29.88" in of_project


def test_without_history_no_figure_is_made_up(open_page: Make, person: Make, name: str) -> None:
    actor = person()
    page = open_client(open_page, actor, client=clients.create(actor, name))
    assert figures(page)["Estimate variance"] == "–"
    assert "no history yet" in said(page)
    assert "No quote has been issued for it yet" in said(page)


def test_a_client_and_a_project_are_created_and_a_taken_name_is_told(
    open_page: Make, person: Make, name: str
) -> None:
    actor = person()
    clients.create(actor, f"{name} first")
    page = save_name(open_page("clients", actor), "New client", f"{name.upper()} first")
    assert f"There is a client called “{name} first” already" in said(page).replace("\\", "")
    save_name(open_page("clients", actor), "New client", name)
    entry = next(one for one in clients.overview(actor).entries if one.name == name)
    save_name(open_client(open_page, actor, client=entry.id), "New project", "Q4")
    entry = next(one for one in clients.overview(actor).entries if one.name == name)
    assert [project.name for project in entry.projects] == ["Q4"]


def test_a_manager_renames_archives_and_restores(open_page: Make, person: Make, name: str) -> None:
    manager = person("manager")
    client_id = clients.create(manager, name)
    save_name(open_client(open_page, manager, client=client_id), "Rename", f"{name} new")
    page = press(open_client(open_page, manager, client=client_id), "Archive")
    assert f"{name} new" not in clients.known()
    assert "new jobs are not offered it" in said(page)
    press(page, "Restore")
    assert f"{name} new" in clients.known()


def test_an_address_that_names_nobody_shows_the_list(
    open_page: Make, person: Make, name: str
) -> None:
    actor = person()
    clients.create(actor, name)
    for named in ("x", "00000000-0000-0000-0000-000000000000"):
        shown = said(open_client(open_page, actor, client=named))
        assert "There is no such client" in shown
        assert "Clients" in shown


def test_the_list_is_searched_sorted_and_keeps_projects_with_their_client(
    person: Make, training_file: Make, name: str
) -> None:
    manager = person("manager")
    cheap, dear = clients.create(manager, f"{name} A"), clients.create(manager, f"{name} B")
    project_id = clients.create(manager, "Harbour", cheap)
    clients.create(manager, "Airport", cheap)
    file = training_file(actor=manager)
    insert_past_job(manager, file, client_id=cheap, project_id=project_id, actual_hours="1")
    insert_past_job(manager, file, client_id=dear, actual_hours="5")
    everything = clients.overview(manager).entries

    def found(text: str, order: str) -> list[UUID]:
        return [one.id for one in client_table.arranged(everything, text, order, archived=False)]

    assert found(name, "Name") == [cheap, dear]
    assert found(name, "Actual cost") == [dear, cheap]
    (by_project,) = client_table.arranged(everything, "harbour", "Name", archived=False)
    assert [project.name for project in by_project.projects] == ["Harbour"]
    (client, _) = client_table.arranged(everything, name, "Jobs", archived=False)
    clients.archive(manager, cheap)
    assert client.id in (cheap, dear)
    now = clients.overview(manager).entries
    assert [one.id for one in client_table.arranged(now, name, "Name", archived=False)] == [dear]
    assert len(client_table.arranged(now, name, "Name", archived=True)) == 2


@pytest.mark.parametrize(
    "payload", ["=cmd()", "<script>alert(1)</script>", "![x](http://x)", "\u202eevil", "😀 & Co"]
)
def test_whatever_a_client_is_called_it_is_text(
    open_page: Make, person: Make, training_file: Make, payload: str, name: str
) -> None:
    manager = person("manager")
    called = f"{payload} {name}"
    if not called.isprintable():
        with pytest.raises(ValueError, match="printable"):
            clients.create(manager, called)
        return
    client_id = clients.create(manager, called)
    insert_past_job(manager, training_file(actor=manager), client_id=client_id)
    for page in (
        open_page("clients", manager),
        open_client(open_page, manager, client=client_id),
    ):
        assert "<script>" not in said(page)
        assert not page.exception
    entry = next(one for one in clients.overview(manager).entries if one.id == client_id)
    lines = (
        client_table.as_csv([entry]),
        client_view.as_csv(called, clients.costs(manager, client_id)),
    )
    for text in lines:
        rows = list(csv.DictReader(StringIO("".join(text).lstrip("\ufeff"))))
        assert rows[0]["client"] == (f"'{called}" if called.startswith("=") else called)
