"""Clients: named once whatever the spelling, renamed everywhere but on paper, costs that add up."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from lib.db.connection import transaction
from lib.domain.client_costs import Entry, total
from lib.domain.draft import change
from lib.domain.people import Person
from lib.services import clients, drafts, jobs, quotes, templates
from lib.services.errors import DraftMoved, Refusal
from tests.past_jobs import book, insert_past_job

Make = Callable[..., Any]
_numbers = count(1)


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"Bureau {next(_numbers)} Østby"


def entry(actor: Person, client_id: UUID) -> Entry:
    return next(one for one in clients.overview(actor).entries if one.id == client_id)


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1}", "{2}"])
def test_a_name_that_differs_in_case_and_spaces_alone_is_refused(
    person: Make, name: str, typed: str
) -> None:
    actor = person()
    clients.create(actor, name)
    same = typed.format(name, name.upper(), name.replace(" ", "  "))
    with pytest.raises(Refusal, match=f"There is a client called “{name}” already"):
        clients.create(actor, same)


def test_a_name_that_is_archived_is_refused_with_the_way_out(person: Make, name: str) -> None:
    manager = person("manager")
    client_id = clients.create(manager, name)
    clients.archive(manager, client_id)
    with pytest.raises(Refusal, match="It is archived: restore it"):
        clients.create(manager, name)
    with pytest.raises(ValueError, match="name: must be 1 to 100 printable"):
        clients.create(manager, "  ")


def test_projects_are_named_once_a_client(person: Make, name: str) -> None:
    actor = person()
    one, other = clients.create(actor, name), clients.create(actor, f"{name} two")
    project_id = clients.create(actor, "Q4 letters", one)
    clients.create(actor, "Q4 letters", other)
    with pytest.raises(Refusal, match="project of this client called “Q4 letters”"):
        clients.create(actor, "q4 Letters", one)
    assert [project.id for project in entry(actor, one).projects] == [project_id]


def test_the_wizard_s_spelling_finds_the_client_that_is_there(
    person: Make, draft: Make, name: str
) -> None:
    actor = person()
    client_id = clients.create(actor, name)
    opened = draft(actor, client=name.upper(), project="Fresh")
    assert jobs.status_of(actor, opened.job_id).client_id == client_id
    assert [project.name for project in entry(actor, client_id).projects] == ["Fresh"]


def test_the_same_name_from_two_people_at_once_is_one_client(person: Make, name: str) -> None:
    actor, barrier = person(), Barrier(4)

    def press(spelling: str) -> bool:
        barrier.wait()
        try:
            clients.create(actor, spelling)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(press, [name, name.upper(), name.lower(), f" {name}"]))
    assert sum(made) == 1


def test_a_new_name_is_everywhere_but_on_paper(
    person: Make, draft: Make, training_file: Make, name: str
) -> None:
    manager = person("manager")
    opened = draft(manager, client=name, project="Old project", preset="balanced")
    quote = quotes.issue(manager, opened)
    template_id = templates.save(manager, opened.job_id, name=name)
    ended = insert_past_job(
        manager,
        training_file(actor=manager),
        client_id=jobs.status_of(manager, opened.job_id).client_id,
    )
    client_id = jobs.status_of(manager, opened.job_id).client_id
    project_id = entry(manager, client_id).projects[0].id

    clients.rename(manager, f"{name} Zephyrus", client_id)
    clients.rename(manager, "Quokka", client_id, project_id)

    assert drafts.load(manager, opened.job_id).draft.client == f"{name} Zephyrus"
    assert drafts.load(manager, opened.job_id).draft.project == "Quokka"
    assert jobs.status_of(manager, ended).client_name == f"{name} Zephyrus"
    kept = templates.usable(templates.by_id(manager, template_id))
    assert (kept.client, kept.project, kept.notices) == (f"{name} Zephyrus", "Quokka", ())
    paper = quotes.numbered(manager, quote.number)
    assert (paper.client, paper.project) == (name, "Old project")
    with transaction() as connection:
        found = connection.scalars(
            text(
                "SELECT id FROM training_jobs WHERE client_id = :client "
                "AND search @@ to_tsquery('simple', 'zephyrus')"
            ),
            {"client": client_id},
        ).all()
    assert set(found) == {opened.job_id, ended}


def test_a_tab_that_has_the_old_name_does_not_bring_the_client_back(
    person: Make, draft: Make, name: str
) -> None:
    manager = person("manager")
    opened = draft(manager, client=name)
    clients.rename(manager, f"{name} new", jobs.status_of(manager, opened.job_id).client_id)
    with pytest.raises(DraftMoved):
        drafts.save(manager, opened, change(opened.draft, drafts.today(), notes="Typed"))
    assert name not in clients.known()


def test_a_name_may_be_spelt_anew_and_not_taken_from_another(person: Make, name: str) -> None:
    manager = person("manager")
    client_id, other = clients.create(manager, name), clients.create(manager, f"{name} B")
    clients.rename(manager, name.upper(), client_id)
    assert entry(manager, client_id).name == name.upper()
    with pytest.raises(Refusal, match="There is a client called"):
        clients.rename(manager, name, other)


def test_archived_ones_are_not_offered_and_keep_their_jobs(
    person: Make, draft: Make, name: str
) -> None:
    manager = person("manager")
    opened = draft(manager, client=name, project="P1")
    client_id = jobs.status_of(manager, opened.job_id).client_id
    project_id = entry(manager, client_id).projects[0].id
    clients.archive(manager, client_id, project_id)
    assert clients.known()[name] == []
    clients.archive(manager, client_id)
    assert name not in clients.known()
    assert jobs.status_of(manager, opened.job_id).client_name == name
    clients.restore(manager, client_id)
    clients.restore(manager, client_id, project_id)
    assert clients.known()[name] == ["P1"]


def test_costs_add_up_from_job_to_client(person: Make, training_file: Make, name: str) -> None:
    analyst, manager = person(), person("manager")
    file = training_file(actor=analyst)
    client_id = clients.create(analyst, name)
    project_id = clients.create(analyst, "P1", client_id)
    of_client = {"client_id": client_id}
    of_project = {**of_client, "project_id": project_id}
    insert_past_job(analyst, file, actual_hours="10", estimated_hours="8", **of_project)
    insert_past_job(analyst, file, status="failed", actual_hours="1", **of_client)
    insert_past_job(manager, file, preset="conservative", actual_hours="2", **of_client)
    running = insert_past_job(
        manager, file, status="running", actual_hours="4", ended_at=None, **of_project
    )
    book(running, held="50.00", running=True)

    whole, own = entry(manager, client_id), entry(analyst, client_id)
    rate = Decimal("2.49")
    assert (whole.costs.jobs, whole.costs.actual) == (4, 17 * rate)
    assert whole.costs.committed == 50 - 4 * rate
    assert (whole.projects[0].costs.actual, whole.without_project.actual) == (14 * rate, 3 * rate)
    assert (own.costs.jobs, own.costs.actual, own.costs.committed) == (2, 11 * rate, 0)
    for actor, of_all in ((manager, whole), (analyst, own)):
        parts = clients.costs(actor, client_id)
        assert total(part.costs for part in parts) == of_all.costs
    assert own.costs.variance == Decimal("25.0")
    parts = clients.costs(manager, client_id, project_id)
    assert {(part.project, part.creator, part.preset) for part in parts} == {
        ("P1", "Person", "balanced")
    }
    assert total(part.costs for part in parts).jobs == 2


def test_drafts_cost_nothing_and_count_for_nothing(person: Make, draft: Make, name: str) -> None:
    actor = person()
    opened = draft(actor, client=name)
    client_id = jobs.status_of(actor, opened.job_id).client_id
    assert entry(actor, client_id).costs.jobs == 0
    assert clients.costs(actor, client_id) == []


def test_quotes_of_a_client_are_those_of_its_jobs_that_one_may_see(
    person: Make, draft: Make, name: str
) -> None:
    analyst, other, manager = person(), person(), person("manager")
    opened = draft(analyst, client=name, preset="balanced")
    number = quotes.issue(analyst, opened).number
    client_id = jobs.status_of(analyst, opened.job_id).client_id
    assert [row.number for row in clients.quotes_of(analyst, client_id)] == [number]
    assert [row.number for row in clients.quotes_of(manager, client_id)] == [number]
    assert clients.quotes_of(other, client_id) == []
