"""Exports over plain HTTP: for a signed-in session alone, and never half a file for a whole one."""

import csv
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from sqlalchemy import text, update
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lib.db.connection import transaction
from lib.db.tables import user_sessions, users
from lib.domain.people import Person
from lib.http import exports
from lib.http.routes import ROUTES
from lib.services import accounts, sign_in_cookie
from tests.many_jobs import multiply

Make = Callable[..., Any]
LATER = datetime.now(UTC).timestamp() + 3600


@pytest.fixture
def http(database: Any) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=list(ROUTES)), follow_redirects=False) as client:
        yield client


def signed_in(person: Person) -> str:
    """The cookie that a browser has after this person's sign-in."""
    return sign_in_cookie.sealed(person.email, accounts.open_session(person.email), LATER)


def get(http: TestClient, cookie: str | None, address: str = "/exports/jobs.csv") -> httpx.Response:
    sent = f"{sign_in_cookie.NAME}={cookie}".encode("latin-1")
    headers = {} if cookie is None else {b"Cookie": sent}
    return http.get(address, headers=headers)


def test_a_file_is_answered_as_one_to_keep_and_not_to_cache(
    http: TestClient, person: Make, draft: Make
) -> None:
    ana = person()
    opened = draft(ana, name="First run", tags=["poc", "baseline"])
    answer = get(http, signed_in(ana))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    name = answer.headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="jobs-\d{4}-\d\d-\d\d\.csv"', name)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    (line,) = csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert (line["id"], line["tags"]) == (str(opened.job_id), "poc; baseline")

    answer = get(http, signed_in(ana), f"/exports/jobs.json?job={opened.job_id}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].endswith('.json"')
    assert [job["name"] for job in json.loads(answer.content)["jobs"]] == ["First run"]


def test_the_address_says_which_jobs(http: TestClient, person: Make, draft: Make) -> None:
    ana = person()
    cookie = signed_in(ana)
    zebra, walk = draft(ana, name="Zebra crossing").job_id, draft(ana, name="Elephant").job_id

    def found(query: str) -> set[UUID]:
        answer = get(http, cookie, f"/exports/jobs.json?{query}")
        return {UUID(job["id"]) for job in answer.json()["jobs"]}

    assert found("") == {zebra, walk}
    assert found(f"job={zebra}&job={walk}") == {zebra, walk}
    assert found(f"job={walk}") == {walk}
    assert found("q=zebra&status=pending_configuration") == {zebra}
    assert found("archived=1") == set()


def test_others_jobs_are_not_in_it_whoever_names_them(
    http: TestClient, person: Make, draft: Make
) -> None:
    ana, eve = person(), person()
    hers = draft(eve).job_id
    answer = get(http, signed_in(ana), f"/exports/jobs.json?job={hers}")
    assert answer.json()["jobs"] == []
    assert str(hers) not in get(http, signed_in(ana)).text
    assert str(hers) in get(http, signed_in(person(role="manager"))).text


def forged(person: Person) -> str:
    session = str(accounts.open_session(person.email))
    content = {"username": person.email, "exp_date": LATER, "session": session}
    return jwt.encode(content, "another key of the same length 0123456789", algorithm="HS256")


def unsigned(person: Person) -> str:
    session = str(accounts.open_session(person.email))
    content = {"username": person.email, "exp_date": LATER, "session": session}
    return jwt.encode(content, None, algorithm="none")


def of_another_form(person: Person) -> str:
    key = accounts.cookie_key()
    return jwt.encode({"username": person.email, "exp_date": "x", "session": 1}, key, "HS256")


def expired(person: Person) -> str:
    return sign_in_cookie.sealed(person.email, accounts.open_session(person.email), 1.0)


def expired_on_the_server(person: Person) -> str:
    session = accounts.open_session(person.email)
    past = datetime.now(UTC) - timedelta(seconds=1)
    with transaction() as connection:
        connection.execute(
            update(user_sessions).where(user_sessions.c.id == session).values(expires_at=past)
        )
    return sign_in_cookie.sealed(person.email, session, LATER)


def ended(person: Person) -> str:
    session = accounts.open_session(person.email)
    accounts.end_session(session)
    return sign_in_cookie.sealed(person.email, session, LATER)


def of_nobody(person: Person) -> str:
    return sign_in_cookie.sealed(person.email, uuid4(), LATER)


def of_another_user(person: Person) -> str:
    return sign_in_cookie.sealed("else@example.com", accounts.open_session(person.email), LATER)


def of_a_disabled_user(person: Person) -> str:
    cookie = signed_in(person)
    with transaction() as connection:
        connection.execute(
            update(users).where(users.c.id == person.id).values(disabled_at=datetime.now(UTC))
        )
    return cookie


BAD = (
    *(forged, unsigned, of_another_form, expired, expired_on_the_server, ended, of_nobody),
    *(of_another_user, of_a_disabled_user),
    *(lambda _: "", lambda _: "x.y.z", lambda _: "\u00e4\u00ff"),
)


@pytest.mark.parametrize("make", BAD, ids=lambda make: getattr(make, "__name__", "text"))
def test_without_a_session_that_is_open_nothing_is_told(
    http: TestClient, person: Make, draft: Make, make: Callable[[Person], str]
) -> None:
    ana = person()
    draft(ana)
    cookie = make(ana)
    for format_ in ("csv", "json"):
        answer = get(http, cookie, f"/exports/jobs.{format_}")
        assert (answer.status_code, answer.text) == (401, "Sign in first.\n")
        assert answer.headers["cache-control"] == "no-store"


def test_programs_are_told_to_sign_in_and_browsers_are_led_there(http: TestClient) -> None:
    assert get(http, None).status_code == 401
    answer = http.get("/exports/jobs.csv", headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/exports/jobs.csv?job=x", 400),
        ("/exports/jobs.csv?" + "&".join(["job=" + "0" * 32] * 1_001), 400),
        ("/exports/jobs.xlsx", 404),
        ("/exports/jobs.csv?since=nonsense&tag=%00&q=%F0%9F%98%80&min=NaN", 200),
    ],
)
def test_an_address_that_makes_no_sense_is_told(
    http: TestClient, person: Make, address: str, status: int
) -> None:
    assert get(http, signed_in(person()), address).status_code == status


def test_a_dead_database_is_told_as_such(http: TestClient, person: Make, configure: Make) -> None:
    from lib.db import connection as db

    cookie = signed_in(person())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    db.dispose()
    configure(DATABASE_URL=f"postgresql://nobody@127.0.0.1:{port}/none")
    try:
        answer = get(http, cookie)
        assert (answer.status_code, "cannot be reached" in answer.text) == (503, True)
    finally:
        db.dispose()


@pytest.fixture
def long_list(installation: str, person: Make, draft: Make) -> Person:
    """Somebody whose export is far longer than what sockets keep on the way."""
    ana = person()
    multiply(draft(ana, notes="word " * 400).job_id, 8_000)
    return ana


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_a_database_error_on_the_way_cuts_the_connection(
    server: str, long_list: Person, format_: str
) -> None:
    cookies = {sign_in_cookie.NAME: signed_in(long_list)}
    received = b""
    with (
        httpx.Client(cookies=cookies) as client,
        pytest.raises(httpx.RemoteProtocolError, match="incomplete"),
        client.stream("GET", f"{server}/exports/jobs.{format_}", timeout=60) as answer,
    ):
        assert answer.status_code == 200
        for chunk in answer.iter_raw():
            if not received:
                end_the_exports()
            received += chunk
    assert received
    assert not received.endswith(b"]}\n")


def end_the_exports() -> None:
    with transaction() as connection:
        ended_ = connection.scalar(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                "pid <> pg_backend_pid() AND datname = current_database() AND "
                "state = 'idle in transaction'"
            )
        )
    assert ended_


def test_who_goes_away_leaves_no_connection_behind_and_no_place_taken(
    server: str, long_list: Person
) -> None:
    cookies = {sign_in_cookie.NAME: signed_in(long_list)}
    for _ in range(exports.AT_ONCE + 1):
        with (
            httpx.Client(cookies=cookies) as client,
            client.stream("GET", f"{server}/exports/jobs.csv", timeout=60) as answer,
        ):
            assert answer.status_code == 200
            next(answer.iter_raw())
        until(lambda: not reading_now())


def test_only_so_many_exports_run_at_once(server: str, long_list: Person) -> None:
    cookies = {sign_in_cookie.NAME: signed_in(long_list)}
    with httpx.Client(cookies=cookies, timeout=60) as client:
        kept = []
        for _ in range(exports.AT_ONCE):
            stream = client.stream("GET", f"{server}/exports/jobs.json")
            answer = stream.__enter__()
            assert answer.status_code == 200
            kept.append(stream)
        refused = client.get(f"{server}/exports/jobs.csv")
        assert (refused.status_code, "Try again" in refused.text) == (503, True)
        for stream in kept:
            stream.__exit__(None, None, None)
        until(lambda: client.get(f"{server}/exports/jobs.csv?job={uuid4()}").status_code == 200)


def reading_now() -> int:
    with transaction() as connection:
        return (
            connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND state = 'idle in transaction'"
                )
            )
            or 0
        )


def until(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("not within ten seconds")
