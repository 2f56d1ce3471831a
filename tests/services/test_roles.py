"""Who may do what, as one table: every service function that acts for somebody, in every role.

A function that is not in the table makes the first test fail, and so does a row without one.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from io import BytesIO
from pkgutil import iter_modules
from typing import Any
from uuid import UUID

import pytest

from lib import services
from lib.datafiles.sample import write_sample
from lib.db import calibrations, users
from lib.db import jobs as job_queries
from lib.db.connection import reading, transaction
from lib.domain.audit import Filter
from lib.domain.draft import change
from lib.domain.job_search import JobQuery
from lib.domain.next_steps import Step
from lib.domain.notifications import Kind, Notice, Way
from lib.domain.people import Person, Role
from lib.domain.requests import Action
from lib.domain.states import JobStatus
from lib.domain.team_insight import Period
from lib.services import (
    accounts,
    audit,
    budgets,
    calibration,
    clients,
    cloning,
    continuation,
    drafts,
    file_care,
    final_check,
    job_bulk,
    job_comparison,
    job_export,
    job_import,
    job_metadata,
    job_search,
    jobs,
    mail,
    membership,
    month_reports,
    next_steps,
    notifications,
    offers,
    people,
    queue,
    quotes,
    rehearsal,
    request_views,
    requests,
    review_visits,
    sharing,
    smaller_files,
    spending,
    starting,
    system_status,
    tags,
    team_insight,
    templates,
    training_files,
)
from lib.services.assessment import assess
from lib.services.errors import NotAllowed, NotFound, Refusal
from lib.services.settlement import end_job
from tests.capped_jobs import end_at_cap
from tests.conftest import Server, make_person
from tests.services.all_roles import WHOSE, WHY, Team, installation_of_all_roles, numbers

Try = Callable[[Team, Person, Person], Any]  # the actor does it to the subject, or to their thing

TODAY = Period(team_insight.today(), team_insight.today())
#: What came of it: y done or seen, - kept out of sight, A NotAllowed, F NotFound, R other Refusal.
ROLES = ("analyst", "manager", "admin", "owner")


def start(team: Team, actor: Person, subject: Person, **override: str) -> None:
    opened = team.open(subject)
    starting.start(actor, opened.job_id, assess(opened).digest, **override)


def save(team: Team, actor: Person, subject: Person) -> None:
    opened = team.open(subject)
    drafts.save(actor, opened, change(opened.draft, drafts.today(), notes="Changed"))


def undo_edit(team: Team, actor: Person, subject: Person) -> None:
    job_id = team.draft(subject)
    edit_metadata_of(team.owner, job_id)
    job_metadata.undo(actor, job_id)


def share_by_mail(team: Team, actor: Person, subject: Person) -> None:
    with_somebody = team.owner if actor != team.owner else team.actor("admin")
    sharing.by_mail(actor, team.draft(subject), [with_somebody.id])


def failed(team: Team, subject: Person) -> UUID:
    job_id = team.started(subject)
    with transaction() as connection:
        job = job_queries.lock(connection, job_id)
        assert job is not None
        end_job(connection, job, JobStatus.FAILED, "Failed", Decimal(0), failure_code="error")
    return job_id


def edit_metadata_of(actor: Person, job_id: Any) -> None:
    now = job_metadata.read(actor, job_id)
    job_metadata.edit(actor, job_id, replace(now.metadata, notes="Changed"), now.seen)


def restore(team: Team, actor: Person, subject: Person) -> None:
    file_id = team.file(subject)
    file_care.archive(team.owner, file_id)
    file_care.restore(actor, file_id)


def restore_job(team: Team, actor: Person, subject: Person) -> bool:
    job_id = team.draft(subject)
    job_bulk.archive(subject, [job_id])
    return bool(job_bulk.restore(actor, [job_id]).done)


def is_offered(team: Team, actor: Person, subject: Person) -> bool:
    """Another job of the subject's, on the same file as the first."""
    job_id, other = team.started(subject), team.started(subject)
    return other in [row.id for row in job_comparison.alike(actor, [job_id], "file")]


def issue_alternatives(team: Team, actor: Person, subject: Person) -> None:
    opened = drafts.load(actor, team.draft(subject))
    quotes.issue_alternatives(actor, opened, [one.key for one in quotes.alternatives(opened)][:2])


def adopt_cards(team: Team, actor: Person, _: Person) -> None:
    if cards_are_adopted():
        calibration.withdraw_cards(team.owner)
    calibration.adopt_cards(actor)


def withdraw_cards(team: Team, actor: Person, _: Person) -> None:
    if not cards_are_adopted():
        calibration.adopt_cards(team.owner)
    calibration.withdraw_cards(actor)


def cards_are_adopted() -> bool:
    with reading() as connection:
        return bool(calibrations.cards(connection))


def add_user(_: Team, actor: Person, __: Person) -> None:
    email, password = f"new-{next(numbers)}@example.com", "four unrelated words here"
    accounts.add_user(actor, name="New", email=email, password=password, role=Role.ANALYST)


def import_file(team: Team, actor: Person, _: Person) -> None:
    path = team.folder / f"{next(numbers)}.json"
    write_sample(path, conversations=50, seed=next(numbers))
    training_files.import_training_file(actor, path, path.name)


def ask(team: Team, actor: Person, _: Person) -> None:
    requests.withdraw(actor, team.asked(actor))
    requests.ask(actor, new_limit="9999999", justification=WHY)


def set_limit(_: Team, actor: Person, subject: Person) -> None:
    budgets.set_limit(actor, subject.id, Decimal(100_000 + next(numbers)))


def lift_team_limit(team: Team, actor: Person, subject: Person) -> None:
    budgets.set_team_limit(team.owner, subject.id, Decimal(1_000_000))
    budgets.lift_team_limit(actor, subject.id)


def is_in_the_log(team: Team, actor: Person, subject: Person) -> bool:
    job_id = team.started(subject)
    return job_id in [entry.job_id for entry in audit.entries(actor, Filter()).entries]


def is_exported(team: Team, actor: Person, subject: Person) -> bool:
    job_id = team.started(subject)
    return str(job_id) in "".join(audit.as_csv(actor, Filter()))


def is_taken_away(stream: Any, job_id: UUID, actor: Person) -> bool:
    return str(job_id) in b"".join(stream(actor, [job_id])).decode()


def an_export() -> BytesIO:
    return BytesIO(b'{"schema": 1, "jobs": [{"name": "Elsewhere"}]}')


def decided_is_seen(team: Team, actor: Person, subject: Person) -> bool:
    request_id = team.asked(subject)
    with_power = team.owner if subject != team.owner else team.actor("admin")
    requests.decide(with_power, request_id, Action.DENY, "Not now.")
    return request_id in [row.id for row in request_views.decided(actor)]


def seen(make: Callable[[Team, Person], Any], read: Callable[[Person], Any]) -> Try:
    """Whether the actor is shown what the subject has just made."""

    def look(team: Team, actor: Person, subject: Person) -> bool:
        made = make(team, subject)
        return made in [row.id for row in read(actor)]

    return look


def capped(team: Team, subject: Person) -> UUID:
    """A job of the subject's that its spending cap ended."""
    job_id = team.started(subject)
    end_at_cap(job_id)
    return job_id


def continued(team: Team, subject: Person) -> Callable[[Person], continuation.Links]:
    """What is shown around such a job, which the subject continues."""
    job_id = capped(team, subject)
    continuation.continue_job(subject, job_id)
    return lambda actor: continuation.links(actor, jobs.status_of(team.owner, job_id))


def template(team: Team, subject: Person, *, shared: bool = True) -> UUID:
    job_id = team.draft(subject)
    return templates.save(subject, job_id, name=f"Template {next(numbers)}", shared=shared)


def restore_template(team: Team, actor: Person, subject: Person) -> None:
    template_id = template(team, subject)
    templates.archive(team.owner, template_id)
    templates.restore(actor, template_id)


def edit_template(team: Team, actor: Person, subject: Person) -> None:
    name = f"Edited {next(numbers)}"
    templates.edit(actor, template(team, subject), name=name, description="", shared=True)


def start_from_template(team: Team, actor: Person, subject: Person) -> None:
    templates.start(actor, template(team, subject), team.like.file.id)


def client(team: Team) -> UUID:
    return clients.create(team.owner, f"Client {next(numbers)}")


def client_sums(team: Team, actor: Person, subject: Person) -> bool:
    opened, name = team.open(subject), f"Client {next(numbers)}"
    opened = drafts.save(subject, opened, change(opened.draft, drafts.today(), client=name))
    starting.start(subject, opened.job_id, assess(opened).digest)
    found = next(one for one in clients.overview(actor).entries if one.name == name)
    parts = clients.costs(actor, found.id)
    assert bool(parts) == bool(found.costs.jobs)
    return bool(parts)


def client_quotes(team: Team, actor: Person, subject: Person) -> bool:
    opened, name = team.open(subject), f"Client {next(numbers)}"
    opened = drafts.save(subject, opened, change(opened.draft, drafts.today(), client=name))
    quotes.issue(subject, opened)
    found = next(one for one in clients.overview(actor).entries if one.name == name)
    return bool(clients.quotes_of(actor, found.id))


def restore_client(team: Team, actor: Person, _: Person) -> None:
    client_id = client(team)
    clients.archive(team.owner, client_id)
    clients.restore(actor, client_id)


def disable(team: Team, actor: Person, _: Person) -> None:
    membership.disable(actor, make_person().id)


def enable(team: Team, actor: Person, _: Person) -> None:
    newcomer = make_person()
    membership.disable(team.owner, newcomer.id)
    membership.enable(actor, newcomer.id)


def change_role(team: Team, actor: Person, _: Person) -> None:
    manager = team.actor("manager").id
    membership.change(actor, make_person().id, role=Role.MANAGER, manager_id=manager)


def ring(subject: Person) -> int:
    """Tells the subject of something; the notification's id."""
    notice = Notice(Kind.JOB_STARTED, f"ring {next(numbers)}", "Training started for Tone")
    with transaction() as connection:
        user = users.by_id(connection, subject.id)
        assert user is not None
        notifications.tell(connection, user, notice)
    return notifications.newest(subject)[0].id


def is_counted(_: Team, actor: Person, subject: Person) -> bool:
    before = notifications.unread(actor)
    ring(subject)
    return notifications.unread(actor) > before


def is_read_with_all(_: Team, actor: Person, subject: Person) -> bool:
    told = ring(subject)
    notifications.mark_all_read(actor)
    return any(row.id == told and row.read_at for row in notifications.newest(subject))


#: A row: what is tried, and for analyst, manager, admin and owner what comes of it with a thing of
#: their own, of their team's and of a stranger's. A single letter: there is no such difference.
TABLE: dict[str, tuple[Try, str]] = {
    # Money
    "starting.start": (start, "yFF yyA yyy yyy"),
    "starting.start override": (
        lambda t, a, s: start(t, a, s, override=WHY),
        "AAA yyA yyy yyy",
    ),
    "jobs.cancel": (lambda t, a, s: jobs.cancel(a, t.started(s)), "yFF yyA yyy yyy"),
    "budgets.set_limit": (set_limit, "AAA AyA Ayy yyy"),
    "budgets.set_team_limit": (
        lambda _, a, s: budgets.set_team_limit(a, s.id, Decimal(1_000_000)),
        "AAA AyA Ayy yyy",
    ),
    "budgets.may_set": (lambda _, a, s: budgets.may_set(a, s.id), "--- -y- -yy yyy"),
    "budgets.overview": (lambda _, a, s: budgets.overview(a, s.id), "yAA yyy yyy yyy"),
    "spending.report": (lambda _, a, s: spending.report(a, [s.id]), "yAA yyA yyy yyy"),
    "budgets.lift_team_limit": (lift_team_limit, "AAA AyA Ayy yyy"),
    "budgets.team_month": (lambda _, a, s: budgets.team_month(a, s.id), "yAA yyA yyy yyy"),
    "spending.check_overseen": (
        lambda _, a, s: spending.check_overseen(a, [s.id]),
        "yAA yyA yyy yyy",
    ),
    "spending.months_to_show": (lambda _, a, __: spending.months_to_show(a), "y y y y"),
    "month_reports.statement": (
        lambda _, a, s: month_reports.statement(a, [s.id]),
        "yAA yyA yyy yyy",
    ),
    "month_reports.document": (
        lambda _, a, s: month_reports.document(a, [s.id]),
        "yAA yyA yyy yyy",
    ),
    "requests.ask": (ask, "y y y R"),  # nobody is above the owner
    "requests.withdraw": (lambda t, a, s: requests.withdraw(a, t.asked(s)), "yFF yFF yFF yFF"),
    "requests.decide approve": (
        lambda t, a, s: requests.decide(a, t.asked(s), Action.APPROVE),
        "AFF AyF Ayy Ayy",
    ),
    "requests.decide deny": (
        lambda t, a, s: requests.decide(a, t.asked(s), Action.DENY, "Not now."),
        "AFF AyF Ayy Ayy",
    ),
    "request_views.waiting": (
        seen(Team.asked, lambda a: [view.request for view in request_views.waiting(a)]),
        "--- -y- -yy -yy",
    ),
    "request_views.own": (
        seen(Team.asked, request_views.own),
        "y-- y-- y-- y--",
    ),
    "request_views.pending_of": (
        seen(Team.asked, lambda a: filter(None, [request_views.pending_of(a)])),
        "y-- y-- y-- y--",
    ),
    "request_views.decided": (decided_is_seen, "--- -y- yyy yyy"),
    "request_views.all_requests": (lambda _, a, __: request_views.all_requests(a), "A A y y"),
    "request_views.one": (lambda t, a, s: request_views.one(a, t.asked(s)), "yFF yyF yyy yyy"),
    "audit.entries": (is_in_the_log, "y-- yy- yyy yyy"),
    "audit.as_csv": (is_exported, "y-- yy- yyy yyy"),
    "audit.subjects": (seen(lambda _, s: s.id, audit.subjects), "y-- yy- yyy yyy"),
    "audit.head": (lambda _, a, __: audit.head(a), "A A y y"),
    "audit.verify": (lambda _, a, __: audit.verify(a).intact, "A A y y"),
    # Jobs and their quotes
    "drafts.create": (lambda t, a, s: drafts.create(a, t.open(s).file.id), "yyy yyy yyy yyy"),
    "drafts.load": (lambda t, a, s: drafts.load(a, t.draft(s)), "yFF yyy yyy yyy"),
    "drafts.save": (save, "yFF yyA yyy yyy"),
    "smaller_files.train_on_first": (
        lambda t, a, s: smaller_files.train_on_first(a, t.open(s), 50),
        "yFF yyA yyy yyy",
    ),
    "drafts.discard": (lambda t, a, s: drafts.discard(a, t.draft(s)), "yFF yyA yyy yyy"),
    "job_metadata.read": (lambda t, a, s: job_metadata.read(a, t.draft(s)), "yFF yyy yyy yyy"),
    "job_metadata.edit": (
        lambda t, a, s: edit_metadata_of(a, t.started(s)),
        "yFF yyA yyy yyy",
    ),
    "job_metadata.history": (
        lambda t, a, s: job_metadata.history(a, t.draft(s)),
        "yFF yyy yyy yyy",
    ),
    "job_metadata.undo": (undo_edit, "yFF yyA yyy yyy"),
    "sharing.invitation": (lambda t, a, s: sharing.invitation(a, t.draft(s)), "yFF yyy yyy yyy"),
    "sharing.colleagues": (lambda t, a, s: sharing.colleagues(a, t.draft(s)), "yFF yyy yyy yyy"),
    "sharing.by_mail": (share_by_mail, "yFF yyy yyy yyy"),
    "sharing.to_chat": (  # none is connected
        lambda t, a, s: sharing.to_chat(a, t.draft(s)),
        "RFF RRR RRR RRR",
    ),
    "jobs.view": (lambda t, a, s: jobs.view(a, t.draft(s)), "yFF yyy yyy yyy"),
    "queue.place": (lambda t, a, s: queue.place(a, t.draft(s)), "yFF yyy yyy yyy"),
    "rehearsal.interrupt": (  # it has no run yet
        lambda t, a, s: rehearsal.interrupt(a, t.started(s)),
        "RFF RRA RRR RRR",
    ),
    "jobs.status_of": (lambda t, a, s: jobs.status_of(a, t.draft(s)), "yFF yyy yyy yyy"),
    "job_search.search": (
        seen(Team.draft, lambda a: job_search.search(a, JobQuery()).rows),
        "y-- yyy yyy yyy",
    ),
    "job_search.ids": (
        lambda t, a, s: t.draft(s) in job_search.ids(a, JobQuery(), 10),
        "y-- yyy yyy yyy",
    ),
    "job_search.choices": (
        lambda _, a, s: s.id in job_search.choices(a).creators,
        "--- yyy yyy yyy",
    ),
    "job_comparison.compare": (
        lambda t, a, s: bool(job_comparison.compare(a, [t.draft(s)]).jobs),
        "y-- yyy yyy yyy",
    ),
    "job_comparison.alike": (is_offered, "y-- yyy yyy yyy"),
    "job_bulk.tag": (
        lambda t, a, s: bool(job_bulk.tag(a, [t.draft(s)], ["poc"]).done),
        "y-- yy- yyy yyy",
    ),
    "job_bulk.archive": (
        lambda t, a, s: bool(job_bulk.archive(a, [t.draft(s)]).done),
        "y-- yy- yyy yyy",
    ),
    "job_bulk.restore": (restore_job, "y-- yy- yyy yyy"),
    "quotes.issue": (
        lambda t, a, s: quotes.issue(a, drafts.load(a, t.draft(s))),
        "yFF yyy yyy yyy",
    ),
    "quotes.issue_alternatives": (issue_alternatives, "yFF yyy yyy yyy"),
    "quotes.of_job": (lambda t, a, s: quotes.of_job(a, t.draft(s)), "yFF yyy yyy yyy"),
    "quotes.document": (lambda t, a, s: quotes.document(a, t.quoted(s).id), "yFF yyy yyy yyy"),
    "quotes.numbered": (
        lambda t, a, s: quotes.numbered(a, t.quoted(s).number),
        "yFF yyy yyy yyy",
    ),
    "quotes.listing": (
        seen(lambda t, s: t.quoted(s).id, quotes.listing),
        "y-- yyy yyy yyy",
    ),
    "team_insight.subjects": (
        seen(
            lambda _, s: s.id,
            lambda a: [one for subject in team_insight.subjects(a) for one in subject.members],
        ),
        "y-- yy- yyy yyy",
    ),
    "team_insight.report": (
        lambda _, a, s: team_insight.report(a, [s.id], TODAY),
        "yAA yyA yyy yyy",
    ),
    "review_visits.opened": (
        lambda t, a, s: review_visits.opened(a, t.draft(s)),
        "yFF yyA yyy yyy",
    ),
    "final_check.may_start": (
        lambda t, a, s: final_check.may_start(a, t.open(s)),
        "y-- yy- yyy yyy",
    ),
    "job_export.stream_csv": (
        lambda t, a, s: is_taken_away(job_export.stream_csv, t.draft(s), a),
        "y-- yyy yyy yyy",
    ),
    "job_export.stream_json": (
        lambda t, a, s: is_taken_away(job_export.stream_json, t.draft(s), a),
        "y-- yyy yyy yyy",
    ),
    "job_import.preview": (lambda _, a, __: job_import.preview(a, an_export()), "y y y y"),
    "job_import.import_jobs": (lambda _, a, __: job_import.import_jobs(a, an_export()), "y y y y"),
    # Templates are the team's, or private; clients are everybody's, their sums are of one's jobs
    "drafts.create_as": (
        lambda t, a, s: drafts.create_as(a, t.file(s), lambda _, file: t.like.draft),
        "R R R R",  # everybody may; the content of such a file is not stored
    ),
    "next_steps.offered": (
        lambda t, a, s: bool(next_steps.offered(a, failed(t, s))),
        "yFF yyy yyy yyy",
    ),
    "next_steps.take": (
        lambda t, a, s: next_steps.take(a, failed(t, s), Step.RETRY),
        "yFF yyy yyy yyy",
    ),
    "continuation.continue_job": (
        lambda t, a, s: continuation.continue_job(a, capped(t, s)),
        "yFF yyA yyy yyy",
    ),
    "continuation.links": (
        lambda t, a, s: bool(continued(t, s)(a).continued_by),
        "y-- yyy yyy yyy",
    ),
    "cloning.clone": (lambda t, a, s: cloning.clone(a, t.draft(s)), "yFF yyy yyy yyy"),
    "templates.save": (
        lambda t, a, s: templates.save(a, t.draft(s), name=f"Saved {next(numbers)}"),
        "yFF yyy yyy yyy",
    ),
    "templates.listing": (seen(template, templates.listing), "yyy yyy yyy yyy"),
    "templates.listing private": (
        seen(lambda t, s: template(t, s, shared=False), templates.listing),
        "y-- y-- y-- y--",
    ),
    "templates.by_id": (lambda t, a, s: templates.by_id(a, template(t, s)), "yyy yyy yyy yyy"),
    "templates.by_id private": (
        lambda t, a, s: templates.by_id(a, template(t, s, shared=False)),
        "yFF yFF yFF yFF",
    ),
    "templates.start": (start_from_template, "yyy yyy yyy yyy"),
    "templates.jobs_from": (
        lambda t, a, s: templates.jobs_from(a, template(t, s)),
        "yyy yyy yyy yyy",
    ),
    "templates.may_edit": (
        lambda t, a, s: templates.may_edit(a, templates.by_id(s, template(t, s))),
        "y-- y-- yyy yyy",
    ),
    "templates.edit": (edit_template, "yAA yAA yyy yyy"),
    "templates.archive": (
        lambda t, a, s: templates.archive(a, template(t, s)),
        "yAA yAA yyy yyy",
    ),
    "templates.restore": (restore_template, "yAA yAA yyy yyy"),
    "clients.overview": (client_sums, "y-- yyy yyy yyy"),
    "clients.costs": (client_sums, "y-- yyy yyy yyy"),
    "clients.quotes_of": (client_quotes, "y-- yyy yyy yyy"),
    "clients.create": (
        lambda _, a, __: clients.create(a, f"Client {next(numbers)}"),
        "y y y y",
    ),
    "clients.rename": (
        lambda t, a, _: clients.rename(a, f"Client {next(numbers)}", client(t)),
        "A y y y",
    ),
    "clients.archive": (lambda t, a, _: clients.archive(a, client(t)), "A y y y"),
    "clients.restore": (restore_client, "A y y y"),
    "clients.may_manage": (lambda _, a, __: clients.may_manage(a), "- y y y"),
    # Tags are everybody's
    "tags.create": (lambda _, a, __: tags.create(a, ["some-tag"]), "y y y y"),
    # Files: everybody may train on each
    "training_files.import_training_file": (import_file, "y y y y"),
    "file_care.may_change": (
        lambda t, a, s: file_care.may_change(a, training_files.get(t.file(s))),
        "y-- yyy yyy yyy",
    ),
    "file_care.rename": (lambda t, a, s: file_care.rename(a, t.file(s), "New"), "yAA yyy yyy yyy"),
    "file_care.archive": (lambda t, a, s: file_care.archive(a, t.file(s)), "yAA yyy yyy yyy"),
    "file_care.restore": (restore, "yAA yyy yyy yyy"),
    "file_care.delete": (lambda t, a, s: file_care.delete(a, t.file(s)), "yAA yyy yyy yyy"),
    "file_care.verify": (lambda t, a, s: file_care.verify(a, t.file(s)), "yyy yyy yyy yyy"),
    # The installation
    "accounts.add_user": (add_user, "A A y y"),
    "membership.members": (lambda _, a, __: membership.members(a), "A A y y"),
    "membership.change": (change_role, "A A y y"),
    "membership.disable": (disable, "A A y y"),
    "membership.enable": (enable, "A A y y"),
    "people.everyone": (lambda _, a, __: people.everyone(a), "A y y y"),
    "people.team": (lambda _, a, s: people.team(a, s.id), "yAA yyA yyy yyy"),
    "people.overseen": (seen(lambda _, s: s.id, people.overseen), "y-- yy- yyy yyy"),
    "calibration.refit": (lambda _, a, __: calibration.refit(a), "A y y y"),
    "calibration.adopt_cards": (adopt_cards, "A A y y"),
    "calibration.withdraw_cards": (withdraw_cards, "A A y y"),
    "calibration.overview": (lambda _, a, __: calibration.overview(a), "y y y y"),
    "calibration.compared_jobs": (lambda _, a, __: calibration.compared_jobs(a), "y y y y"),
    "offers.refresh": (lambda _, a, __: offers.refresh(a), "R R R R"),  # RunPod is not connected
    "offers.tier_usage": (lambda _, a, s: offers.tier_usage(a, s.id), "yAA yyy yyy yyy"),
    "system_status.read": (lambda _, a, __: system_status.read(a), "A A y y"),
    "system_status.may_read": (lambda _, a, __: system_status.may_read(a), "- - y y"),
    # What somebody is told
    "notifications.unread": (is_counted, "y-- y-- y-- y--"),
    "notifications.newest": (seen(lambda _, s: ring(s), notifications.newest), "y-- y-- y-- y--"),
    "notifications.mark_read": (
        lambda _, a, s: notifications.mark_read(a, ring(s)),
        "y-- y-- y-- y--",
    ),
    "notifications.mark_all_read": (is_read_with_all, "y-- y-- y-- y--"),
    "notifications.preferences": (lambda _, a, __: notifications.preferences(a), "y y y y"),
    "notifications.prefer": (
        lambda _, a, __: notifications.prefer(a, Kind.JOB_STARTED, Way.MAIL, False),
        "y y y y",
    ),
    "notifications.may_choose_for_chat": (
        lambda _, a, __: notifications.may_choose_for_chat(a),
        "- - y y",
    ),
    "notifications.chat_kinds": (lambda _, a, __: notifications.chat_kinds(a), "A A y y"),
    "notifications.tell_chat": (
        lambda _, a, __: notifications.tell_chat(a, Kind.JOB_FAILED, True),
        "A A y y",
    ),
    "mail.listing": (lambda _, a, __: mail.listing(a), "A A y y"),
    "mail.read": (lambda t, a, s: mail.read(a, t.failed_mail(s)), "AAA AAA yyy yyy"),
    "mail.try_again": (lambda t, a, s: mail.try_again(a, t.failed_mail(s)), "AAA AAA yyy yyy"),
    "mail.may_read": (lambda _, a, __: mail.may_read(a), "- - y y"),
}
#: Tried elsewhere: a link is bound to its reader (tests/services/test_requests.py), what runs is
#: among all that the reader sees (test_job_search.py); the others are parts of functions above and
#: take what those have checked.
ELSEWHERE = {
    "final_check.final_check",
    "job_search.anything_runs",
    "request_views.by_link",
    "quote_content.compose",
    "start_audit.record_refusal",
    "visibility.visible",
    "visibility.may_see",
    "visibility.template_is_seen",
    "templates.origin",
}


@pytest.fixture(scope="module")
def team(database: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with installation_of_all_roles(database, tmp_path_factory.mktemp("roles")) as made:
        yield made


def acting_functions() -> set[str]:
    """`starting.start` and all others whose first parameter is who acts."""
    return {
        f"{module.name}.{name}"
        for module in iter_modules(services.__path__)
        for name, function in vars(import_module(f"lib.services.{module.name}")).items()
        if inspect.isfunction(function)
        and function.__module__ == f"lib.services.{module.name}"
        and not name.startswith("_")
        and next(iter(inspect.signature(function).parameters), None) == "actor"
    }


def test_the_table_has_every_function_that_acts_for_somebody() -> None:
    assert {row.split()[0] for row in TABLE} | ELSEWHERE == acting_functions()


@pytest.mark.parametrize("row", TABLE)
def test_each_role_may_do_what_the_table_says(team: Team, row: str) -> None:
    act, expected = TABLE[row]
    whose = WHOSE if len(expected) > len("y y y y") else WHOSE[:1]
    found = {
        role: "".join(outcome(act, team, team.actor(role), team.people[role][of]) for of in whose)
        for role in ROLES
    }
    assert found == dict(zip(ROLES, expected.split(), strict=True))


def outcome(act: Try, team: Team, actor: Person, subject: Person) -> str:
    try:
        return "-" if act(team, actor, subject) is False else "y"
    except NotAllowed:
        return "A"
    except NotFound:
        return "F"
    except Refusal:
        return "R"
