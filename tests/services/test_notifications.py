"""Notifications: each once, on the ways that somebody chose, in the transaction of its event."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, event, select, text, update

from lib.db import jobs, users
from lib.db.connection import database as pool
from lib.db.connection import reading, transaction
from lib.db.tables import notifications as table
from lib.db.tables import outbox
from lib.domain.notifications import LISTED, MOST_COUNTED, Kind, Notice, Way
from lib.domain.people import Person
from lib.domain.requests import Action
from lib.domain.states import JobStatus
from lib.services import membership, notifications, request_care, requests
from lib.services.errors import NotAllowed, Refusal
from tests.services.test_requests import ask, change, mail_to

Make = Callable[..., Any]
FAILED = Notice(Kind.JOB_FAILED, "job:1:failed", "Training failed for Tone", "It broke.")


def tell(person: Person, notice: Notice = FAILED) -> None:
    with transaction() as connection:
        user = users.any_by_id(connection, person.id)
        assert user is not None
        notifications.tell(connection, user, notice)


def numbered(number: int, kind: Kind = Kind.JOB_STARTED) -> Notice:
    return Notice(kind, f"number {number}", f"Training started for number {number}")


def told(person: Person) -> list[tuple[str, str]]:
    """Kind and title, oldest first."""
    with reading() as connection:
        rows = connection.execute(
            select(table).where(table.c.user_id == person.id).order_by(table.c.id)
        )
        return [(row.kind, row.title) for row in rows]


def posted_to_chat() -> list[Row]:
    with reading() as connection:
        return list(connection.execute(select(outbox).where(outbox.c.channel == "chat")))


def at_once(times: int, act: Callable[[], None]) -> None:
    barrier = Barrier(times)

    def run(_: int) -> None:
        barrier.wait()
        act()

    with ThreadPoolExecutor(times) as threads:
        list(threads.map(run, range(times)))


def test_the_same_event_told_by_eight_at_once_is_one_notification_and_one_mail(
    person: Make,
) -> None:
    ana = person()
    at_once(8, lambda: tell(ana))
    assert len(told(ana)) == len(mail_to(ana)) == 1


def test_without_the_unique_key_it_would_be_eight(installation: str, person: Make) -> None:
    with transaction() as connection:
        connection.execute(
            text("ALTER TABLE notifications DROP CONSTRAINT uq_notifications_user_id_key")
        )
    ana = person()
    at_once(8, lambda: tell(ana))
    assert len(told(ana)) == len(mail_to(ana)) == 8


def test_two_people_are_each_told_of_the_same_event(person: Make) -> None:
    ana, ben = person(), person()
    tell(ana)
    tell(ben)
    assert len(told(ana)) == len(told(ben)) == 1


def test_it_is_written_or_not_with_what_it_tells(person: Make) -> None:
    ana = person()

    class Abort(Exception):
        pass

    with pytest.raises(Abort), transaction() as connection:
        user = users.by_id(connection, ana.id)
        assert user is not None
        notifications.tell(connection, user, FAILED)
        raise Abort
    assert told(ana) == []
    assert mail_to(ana) == []


def test_a_failure_goes_by_mail_and_a_start_does_not_unless_it_is_chosen(person: Make) -> None:
    ana = person()
    tell(ana, numbered(1))
    assert mail_to(ana) == []
    tell(ana)
    (mail,) = mail_to(ana)
    assert (mail.kind, mail.subject) == ("job_failed", "Training failed for Tone")
    assert "It broke." in mail.body_text
    assert "/notifications" in mail.body_html

    notifications.prefer(ana, Kind.JOB_STARTED, Way.MAIL, True)
    notifications.prefer(ana, Kind.JOB_FAILED, Way.MAIL, False)
    tell(ana, numbered(2))
    tell(ana, Notice(Kind.JOB_FAILED, "another", "Training failed for another"))
    assert [mail.kind for mail in mail_to(ana)] == ["job_failed", "job_started"]
    assert len(told(ana)) == 4


def test_a_muted_kind_is_listed_and_not_counted(person: Make) -> None:
    ana = person()
    notifications.prefer(ana, Kind.JOB_STARTED, Way.BELL, False)
    tell(ana, numbered(1))
    assert notifications.unread(ana) == 0
    (row,) = notifications.newest(ana)
    assert row.read_at is not None
    notifications.prefer(ana, Kind.JOB_STARTED, Way.BELL, True)
    tell(ana, numbered(2))
    assert notifications.unread(ana) == 1


def test_preferences_are_the_defaults_and_what_was_chosen(person: Make) -> None:
    ana, ben = person(), person()
    notifications.prefer(ana, Kind.JOB_COMPLETED, Way.MAIL, False)
    chosen, default = notifications.preferences(ana), notifications.preferences(ben)
    assert {key for key in chosen if chosen[key] != default[key]} == {
        (Kind.JOB_COMPLETED, Way.MAIL)
    }
    assert len(default) == len(Kind) * len(Way)


def test_who_was_disabled_gets_no_mail(person: Make) -> None:
    ana = person()
    membership.disable(person(role="admin"), ana.id)
    tell(ana)
    assert mail_to(ana) == []


def test_unread_ones_come_first_and_the_rest_by_age(person: Make) -> None:
    ana = person()
    for number in range(LISTED + 10):
        tell(ana, numbered(number))
    newest = notifications.newest(ana)
    assert [row.title.split()[-1] for row in newest] == [
        str(number) for number in reversed(range(10, LISTED + 10))
    ]
    assert notifications.mark_read(ana, newest[0].id)
    assert not notifications.mark_read(ana, newest[0].id)  # it has been
    assert newest[0].id not in [row.id for row in notifications.newest(ana)]
    assert notifications.unread(ana) == LISTED + 9
    assert notifications.mark_all_read(ana) == LISTED + 9  # those beyond the list as well
    assert notifications.unread(ana) == 0
    assert notifications.newest(ana)[0].id == newest[0].id


def test_the_bell_counts_no_further_than_it_shows(person: Make) -> None:
    ana = person()
    with transaction() as connection:
        rows = [
            {"user_id": ana.id, "kind": "job_started", "key": str(number), "title": "x"}
            for number in range(MOST_COUNTED + 50)
        ]
        connection.execute(table.insert(), rows)
    assert notifications.unread(ana) == MOST_COUNTED + 1


def test_nobody_reads_or_marks_what_is_told_to_others(person: Make) -> None:
    ana, owner = person(), person(role="admin")
    tell(ana)
    (row,) = notifications.newest(ana)
    assert not notifications.mark_read(owner, row.id)
    assert notifications.mark_all_read(owner) == 0
    assert notifications.newest(owner) == []
    assert notifications.unread(ana) == 1


@pytest.mark.parametrize(
    ("look", "index"),
    [
        (notifications.unread, "ix_notifications_unread"),
        (notifications.newest, "ix_notifications_newest"),
    ],
)
def test_the_bell_and_its_page_are_one_query_each_that_walks_an_index(
    person: Make, look: Callable[[Person], Any], index: str
) -> None:
    ana = person()
    with transaction() as connection:
        rows = [
            {
                "user_id": ana.id,
                "kind": "job_started",
                "key": f"old {number}",
                "title": "x",
                "read_at": datetime.now(UTC),
            }
            for number in range(5_000)
        ]
        connection.execute(table.insert(), rows)
    with pool().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE notifications"))
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "notifications" in statement:
            asked.append((statement, values))

    event.listen(pool(), "before_cursor_execute", note)
    try:
        look(ana)
    finally:
        event.remove(pool(), "before_cursor_execute", note)
    ((statement, values),) = asked
    with reading() as connection:
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
    assert index in plan
    assert "Sort" not in plan


def test_read_ones_are_removed_after_ninety_days_and_unread_ones_stay(person: Make) -> None:
    ana = person()
    for number in range(3):
        tell(ana, numbered(number))
    old, fresh = timedelta(days=90, minutes=1), timedelta(days=89)
    for number, (written, read) in enumerate(((old, old), (old, fresh), (old, None))):
        with transaction() as connection:
            now = datetime.now(UTC)
            connection.execute(
                update(table)
                .where(table.c.user_id == ana.id, table.c.key == f"number {number}")
                .values(created_at=now - written, read_at=read and now - read)
            )
    notifications.remove_old()
    assert [title.split()[-1] for _, title in told(ana)] == ["1", "2"]


def test_the_chat_is_told_of_what_an_admin_chose_where_there_is_a_chat(
    installation: str, person: Make, configure: Make
) -> None:
    ana, admin = person(), person(role="admin")
    tell(ana, numbered(1))
    notifications.tell_chat(admin, Kind.JOB_STARTED, True)
    assert notifications.chat_kinds(admin) == {Kind.JOB_STARTED}
    tell(ana, numbered(2))
    assert posted_to_chat() == []  # there is no chat
    configure(CHAT_URL="json://127.0.0.1/hook")
    tell(ana, numbered(3))
    tell(ana, numbered(3))
    tell(ana)
    (message,) = posted_to_chat()
    assert message.body_text.startswith("Training started for number 3.\nhttp")
    notifications.tell_chat(admin, Kind.JOB_STARTED, False)
    tell(ana, numbered(4))
    assert len(posted_to_chat()) == 1


def test_only_admins_choose_for_the_chat_and_only_what_is_of_jobs(person: Make) -> None:
    for role in ("analyst", "manager"):
        other = person(role=role)
        with pytest.raises(NotAllowed):
            notifications.chat_kinds(other)
        with pytest.raises(NotAllowed):
            notifications.tell_chat(other, Kind.JOB_FAILED, True)
    with pytest.raises(Refusal, match="jobs alone"):
        notifications.tell_chat(person(role="admin"), Kind.REQUEST_ASKED, True)


def test_a_request_rings_its_approver_and_its_decision_the_requester_with_one_mail_each(
    person: Make,
) -> None:
    max_ = person(role="manager", name="Max")
    ana = person(name="Ana", manager=max_)
    request_id = ask(ana)
    assert told(max_) == [("request_asked", "Ana asks for a monthly budget of $800.00")]
    assert len(mail_to(max_)) == 1
    requests.decide(max_, request_id, Action.APPROVE)
    assert told(ana) == [("request_decided", "Budget increase approved: $800.00")]
    assert [mail.kind for mail in mail_to(ana)] == ["budget_approved"]
    assert len(mail_to(max_)) == 1


def test_a_reminder_and_an_expiry_ring_as_well(person: Make) -> None:
    max_ = person(role="manager", name="Max")
    ana = person(name="Ana", manager=max_)
    request_id = ask(ana)
    now = datetime.now(UTC)
    change(request_id, created_at=now - timedelta(days=3))
    request_care.tend()
    request_care.tend()
    assert [title for _, title in told(max_)] == [
        "Ana asks for a monthly budget of $800.00",
        "Reminder: Ana asks for a monthly budget of $800.00",
    ]
    assert len(mail_to(max_)) == 2
    change(request_id, expires_at=now)
    request_care.tend()
    assert told(ana) == [("request_decided", "Budget increase not decided in time: $800.00")]


def test_who_wants_no_mail_about_requests_gets_the_bell(person: Make) -> None:
    max_ = person(role="manager")
    notifications.prefer(max_, Kind.REQUEST_ASKED, Way.MAIL, False)
    ask(person(manager=max_))
    assert mail_to(max_) == []
    assert notifications.unread(max_) == 1


def test_a_start_that_uses_eighty_then_ninety_percent_tells_of_each_once(
    person: Make, local_draft: Make, start: Make
) -> None:
    ana = person(limit="500.00")
    for cost, kinds in (
        ("300.00", []),  # 345 of 500 at most
        ("60.00", ["budget_alert"]),  # 414
        ("10.00", ["budget_alert"]),  # 425.50
        ("50.00", ["budget_alert", "budget_critical"]),  # 483
        ("1.00", ["budget_alert", "budget_critical"]),
    ):
        start(ana, local_draft(ana, cost=cost))
        assert [kind for kind, _ in told(ana)] == kinds, cost
    subjects = [mail.subject for mail in mail_to(ana)]
    assert subjects == ["83% of your monthly budget used", "97% of your monthly budget used"]
    alerts = [row.detail for row in notifications.newest(ana)]
    assert alerts[1].startswith(
        "⚠ Budget Alert: You've used 83% of your monthly budget ($414.00 of $500.00)."
    )


def test_a_start_that_is_refused_tells_of_nothing(
    person: Make, local_draft: Make, start: Make
) -> None:
    ana = person(limit="100.00")
    with pytest.raises(Refusal):
        start(ana, local_draft(ana, cost="500.00"))
    assert told(ana) == []


def test_a_name_of_any_kind_stays_text_in_the_mail(person: Make) -> None:
    ana = person()
    evil = "<script>x</script>\r\nBcc: all@example.com"
    tell(ana, Notice(Kind.JOB_FAILED, "evil", f"Training failed for {evil}", evil))
    (mail,) = mail_to(ana)
    assert "\n" not in mail.subject
    assert "<script" not in mail.body_html


def test_the_end_of_a_job_is_told_with_the_job_and_a_cancelling_is_not(
    person: Make, local_draft: Make
) -> None:
    ana = person()
    job_id: UUID = local_draft(ana).job_id
    with transaction() as connection:
        job = jobs.lock(connection, job_id)
        assert job is not None
        for status in (JobStatus.CANCELLED, JobStatus.COMPLETED):
            notifications.job_ended(connection, job, status, "After 9 steps", Decimal(0))
    (row,) = notifications.newest(ana)
    assert (row.kind, row.job_id) == ("job_completed", job_id)
