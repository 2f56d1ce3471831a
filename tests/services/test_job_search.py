"""The job history in the database: what a search finds, in which order, for whom."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from lib.db import job_search as queries
from lib.db.connection import reading, transaction
from lib.db.tables import clients, search_words, training_jobs
from lib.domain.draft import change
from lib.domain.job_search import JobQuery, Sort, clean
from lib.domain.job_search_text import places
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import drafts, job_bulk, job_search, job_search_words, jobs, starting
from lib.services.assessment import assess
from tests.conftest import make_person
from tests.effort import times
from tests.races.drafts_alike import copies_of

Make = Callable[..., Any]


def found(actor: Person, typed: str, **narrowed: Any) -> list[str]:
    page = job_search.search(actor, JobQuery(text=typed, **narrowed))
    return [] if page.mended else [row.name for row in page.rows]


def in_pages(actor: Person, query: JobQuery, size: int) -> list[Any]:
    ids, after = [], None
    while True:
        page = job_search.search(actor, query, after, size)
        ids += [row.id for row in page.rows]
        after = page.next
        if after is None:
            return ids


@pytest.mark.parametrize(
    "typed",
    [
        *("tuned", "tuning", "tunes ", "Advi", "ADVISER", "müller", "Muller ", "μαλλ", "poc"),
        *("acme", "enhancement", "workshop", '"for acme"', "acme -gamma", "iteration-1", "v2"),
        *("the tuned", "tune for advisers "),
    ],
)
def test_every_field_is_found_in_any_form(person: Make, draft: Make, typed: str) -> None:
    actor = person()
    draft(actor, name="Nothing in common")
    draft(
        actor,
        name="Tune for advisers",
        description="Müller & ΜΑΛΛΟΝ: v2 for Acme",
        notes="iteration-1 of the beta",
        tags=["poc"],
        client="Acme Financial",
    )
    drafts_of = job_search.search(actor, JobQuery()).rows
    opened = drafts.load(actor, next(row.id for row in drafts_of if row.name.startswith("Tune")))
    drafts.save(actor, opened, change(opened.draft, drafts.today(), project="Model Enhancement"))
    if typed == "workshop":
        assert len(found(actor, typed)) == 2  # the name of each one's file
    else:
        assert found(actor, typed) == ["Tune for advisers"]


@pytest.mark.parametrize(
    "typed",
    ["adviser's beta gamma ", "acme -beta", '"acme for"', '"tunes for"', "-tune", "iter 2 "],
)
def test_all_words_must_be_there_and_none_that_is_excluded(
    person: Make, draft: Make, typed: str
) -> None:
    actor = person()
    draft(actor, name="Tune for advisers", notes="for Acme, beta, iteration-1")
    assert found(actor, typed) == []


def test_the_name_counts_more_than_tags_and_tags_more_than_notes(person: Make, draft: Make) -> None:
    actor = person()
    draft(actor, name="In the notes", notes="research")
    draft(actor, name="In a tag", tags=["research"])
    draft(actor, name="Research itself")
    draft(actor, name="Described", description="research")
    assert found(actor, "research") == ["Research itself", "In a tag", "Described", "In the notes"]


def test_a_renamed_client_is_found_by_its_new_name(person: Make, draft: Make) -> None:
    actor = person()
    draft(actor, name="For a client", client="Old Quayside")
    with transaction() as connection:
        connection.execute(
            update(clients).where(clients.c.name == "Old Quayside").values(name="Riverbank")
        )
    assert found(actor, "riverbank") == ["For a client"]
    assert found(actor, "quayside") == []


def test_analysts_find_their_own_jobs_and_managers_everybodys(person: Make, draft: Make) -> None:
    ana, ben, manager = person(), person(), person(role="manager")
    word = f"only{uuid4().hex[:8]}"
    draft(ana, name=f"{word} one")
    draft(ben, name=f"{word} two")
    assert found(ana, word) == [f"{word} one"]
    assert set(found(manager, word)) == {f"{word} one", f"{word} two"}
    assert found(manager, word, creator=ben.id) == [f"{word} two"]
    assert found(ana, word, creator=ben.id) == []


def test_a_misspelt_word_is_mended_from_what_the_actor_may_see_alone(
    person: Make, draft: Make
) -> None:
    ana, ben = person(), person()
    draft(ana, name="Quarterly zeppelins")
    job_search_words.gather()
    page = job_search.search(ana, JobQuery(text="zepelins"))
    assert [row.name for row in page.rows] == ["Quarterly zeppelins"]
    assert page.mended_words == ("zepelins", "zeppelins")
    both = job_search.search(ana, JobQuery(text="quartely zepelins "))
    assert both.mended == (("quartely", "quarterly"), ("zepelins", "zeppelins"))
    assert job_search.search(ben, JobQuery(text="zepelins")).mended == ()
    assert job_search.search(ana, JobQuery(text="zepelins nowhere")).mended == ()


def test_words_are_gathered_from_what_has_changed(person: Make, draft: Make) -> None:
    draft(person(), name="Aardvarkish größer h2o", client="Clientish Name")
    job_search_words.gather()
    draft(person(), name="Wombatlike")
    job_search_words.gather()
    with reading() as connection:
        kept = set(connection.scalars(select(search_words.c.word)))
    assert {"aardvarkish", "großer", "wombatlike", "clientish", "workshop"} <= kept
    assert "h2o" not in kept


def test_filters_narrow_and_hide_archived_and_discarded_jobs(
    person: Make, draft: Make, past_job: Make
) -> None:
    actor = person()
    tagged = draft(
        actor, name="Tagged", tags=["poc", "test"], client="Narrow Ltd", preset="aggressive"
    )
    gone, away = draft(actor, name="Gone"), draft(actor, name="Away")
    drafts.discard(actor, gone.job_id)
    job_bulk.archive(actor, [away.job_id])
    ended = past_job(actor, tier="spot", preset="balanced")
    cost = jobs.view(actor, ended).job.cost
    ask = lambda **narrowed: in_pages(actor, JobQuery(**narrowed), 10)  # noqa: E731
    client = jobs.view(actor, tagged.job_id).job.client_id

    assert set(ask()) == {tagged.job_id, ended}
    assert ask(archived=True) == [away.job_id]
    assert ask(tags=("poc", "test")) == [tagged.job_id]
    assert ask(tags=("poc", "research")) == []
    assert ask(client=client) == [tagged.job_id]
    assert ask(presets=("aggressive",)) == [tagged.job_id]
    assert ask(statuses=(JobStatus.PENDING_CONFIGURATION,)) == [tagged.job_id]
    assert ask(least=cost, most=cost) == [ended]
    assert ask(least=cost + 1) == []
    today = drafts.today()
    assert tagged.job_id in ask(since=today, until=today)
    assert ask(until=today.replace(year=2001)) == []


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("typed", ["", "draft"])
@pytest.mark.parametrize("walking", [False, True])
def test_pages_neither_repeat_nor_skip_while_jobs_arrive(
    person: Make,
    draft: Make,
    monkeypatch: pytest.MonkeyPatch,
    sort: Sort,
    typed: str,
    walking: bool,
) -> None:
    """`walking`: as where too much matches to be collected."""
    if walking:
        monkeypatch.setattr(queries, "COLLECTED", -1)
    actor = person()
    opened = draft(actor, name="Draft")
    before = {opened.job_id, *copies_of(opened, 10, actor.id)}
    query = JobQuery(text=typed, sort=sort)
    page = job_search.search(actor, query, None, 4)
    seen = [row.id for row in page.rows]
    while page.next is not None:
        copies_of(opened, 1, actor.id)
        page = job_search.search(actor, query, page.next, 4)
        seen += [row.id for row in page.rows]
        assert len(seen) < 60
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


@pytest.mark.parametrize("sort", [Sort.NEWEST, Sort.OLDEST, Sort.COST, Sort.DURATION, Sort.NAME])
def test_each_order_is_as_it_says_however_the_jobs_are_found(
    person: Make, draft: Make, past_job: Make, monkeypatch: pytest.MonkeyPatch, sort: Sort
) -> None:
    actor = person()
    draft(actor, name="beta")
    draft(actor, name="Alpha")
    for hours in ("3", "11"):
        past_job(actor, actual_hours=hours)
    collected = job_search.search(actor, JobQuery(sort=sort)).rows
    monkeypatch.setattr(queries, "COLLECTED", -1)
    walked = job_search.search(actor, JobQuery(sort=sort)).rows
    assert [row.id for row in walked] == [row.id for row in collected]
    keys: dict[Sort, Callable[[Any], Any]] = {
        Sort.NEWEST: lambda row: -row.created_at.timestamp(),
        Sort.OLDEST: lambda row: row.created_at.timestamp(),
        Sort.COST: lambda row: -(row.cost if row.cost is not None else -1),
        Sort.DURATION: lambda row: (
            -(row.actual_duration_hours or row.estimated_duration_hours or -1)
        ),
        Sort.NAME: lambda row: row.name.lower(),
    }
    ordered = [keys[sort](row) for row in collected]
    assert all(one <= other for one, other in pairwise(ordered))
    assert job_search.ids(actor, JobQuery(sort=sort), 3) == [row.id for row in collected[:3]]


def test_the_list_knows_whether_anything_of_the_actors_runs(
    person: Make, local_draft: Make
) -> None:
    ana, ben = person(), person()
    assert not job_search.anything_runs(ana)
    opened = local_draft(ana)
    starting.start(ana, opened.job_id, assess(opened).digest)
    assert job_search.anything_runs(ana)
    assert job_search.anything_runs(person(role="manager"))
    assert not job_search.anything_runs(ben)


ANYTHING = st.one_of(
    st.text(st.characters(), max_size=80),
    st.text("ab'\"\\-:*&|!<>()%_;$ \x00\ud800🚲م‏", max_size=80),
    st.sampled_from(
        [
            "'; DROP TABLE training_jobs; --",
            "x' OR '1'='1",
            'a & | ! <-> :* \\\' ""',
            "\u202eعربي 🚲 \ufdfa" * 30,
            "-" * 500,
            '"' * 501,
            "ﷺ" * 500,
            "e\u0301" * 400,
            "%(name)s %s :text {0}",
            "1e5 10.0.0.1 a@b.c http://x/y?z=1 /usr/lib <b>x</b> &amp;",
        ]
    ),
)


@settings(
    max_examples=times(500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ANYTHING)
@example("x" * 100_000)
@example("ab " * 33_333)
@example("\U0010ffff" * 100_000)
def test_any_text_is_searched_without_an_error(someone: Person, typed: str) -> None:
    page = job_search.search(someone, JobQuery(text=typed))
    assert page.total >= len(page.results) >= 0
    with reading() as connection:
        assert connection.scalar(select(func.count()).select_from(training_jobs)) >= 1


@pytest.fixture(scope="module")
def someone(database: Any) -> Person:
    return make_person()


@settings(max_examples=times(200), deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_the_database_splits_texts_into_the_same_words(database: Any, typed: str) -> None:
    """All words of ours are found in it; only signs of rare scripts may be split further there."""
    written = clean(typed)
    common = {word for *_, word in places(written) if word.isascii() and word.isalpha()}
    with reading() as connection:
        kept = connection.scalars(
            text("SELECT unnest(tsvector_to_array(searchable(:typed, 'A')))"), {"typed": written}
        )
        assert common <= set(kept)


def test_a_draft_that_was_archived_is_listed_again_once_it_runs(
    person: Make, local_draft: Make
) -> None:
    actor = person()
    opened = local_draft(actor)
    assert job_bulk.archive(actor, [opened.job_id]).done == (opened.job_id,)
    assert found(actor, "") == []
    starting.start(actor, opened.job_id, assess(opened).digest)
    assert [row.id for row in job_search.search(actor, JobQuery()).rows] == [opened.job_id]
    assert job_bulk.archive(actor, [opened.job_id]).refused == (
        "Only jobs that have ended, and drafts, can be archived.",
    )
