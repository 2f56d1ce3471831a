"""Step 4 as the database sees it: names, texts, tags, clients, and what is said about them."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from lib.db.connection import reading, transaction
from lib.db.tables import clients as client_rows
from lib.db.tables import job_tags, training_jobs
from lib.domain.draft import Draft, change
from lib.domain.metadata import PREDEFINED_TAGS
from lib.domain.people import Person
from lib.services import clients, drafts, tags
from lib.services.drafts import OpenDraft
from tests.pages.conftest import pick, said, sent, type_into

SIMILAR = (
    "⚠ Similar job name already exists. Consider adding version number or distinguishing details."
)
LENGTH = "Job name must be between 3 and 100 characters"

Open = Callable[..., tuple[Person, OpenDraft, AppTest]]


@pytest.fixture
def details(
    person: Callable[..., Person],
    draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
) -> Open:
    """`details()`: an analyst's draft on the page; with an actor, another of theirs."""

    def make(actor: Person | None = None, **fields: object) -> tuple[Person, OpenDraft, AppTest]:
        ana = actor or person()
        opened = draft(ana)
        if fields:
            opened = drafts.save(ana, opened, change(opened.draft, drafts.today(), **fields))
        return ana, opened, open_page("details", ana, opened.job_id)

    return make


def saved(actor: Person, opened: OpenDraft) -> Draft:
    return drafts.load(actor, opened.job_id).draft


def test_texts_are_saved_and_shown_with_their_limits(details: Open) -> None:
    ana, opened, page = details()
    for name, text, limit in (
        ("name", "Tone of support", 100),
        ("description", "Softer answers", 500),
        ("notes", "First **try**", 2000),
    ):
        page = type_into(page, f"details-{name}", text)
        assert getattr(saved(ana, opened), name) == text
        field = sent(page, f"details-{name}")
        assert (field["text"], field["limit"], field["problem"]) == (text, limit, "")
    assert "<strong>try</strong>" in sent(page, "details-notes")["html"]
    row = job(opened.job_id)
    assert (row.name, row.description) == ("Tone of support", "Softer answers")
    assert row.notes == "First **try**"


def test_the_placeholders_are_the_given_ones(details: Open) -> None:
    page = details()[2]
    assert sent(page, "details-description")["placeholder"] == (
        "What is the purpose of this training run? (e.g., 'First production model for Acme "
        "client', 'Testing aggressive parameters on high-emotion dataset')"
    )
    assert sent(page, "details-notes")["placeholder"] == (
        "Document your hypothesis, experimental variables, expected outcomes, or configuration "
        "rationale. Use markdown for formatting."
    )


@pytest.mark.parametrize("name", ["ab", "n" * 101, " a "])
def test_a_name_too_short_or_too_long_is_told_and_kept(details: Open, name: str) -> None:
    ana, opened, page = details()
    page = type_into(page, "details-name", name)
    assert sent(page, "details-name")["problem"] == LENGTH
    assert saved(ana, opened).name == name


@pytest.mark.parametrize(("field", "limit"), [("description", 500), ("notes", 2000)])
def test_a_text_too_long_is_told_and_kept_whole(details: Open, field: str, limit: int) -> None:
    ana, opened, page = details()
    page = type_into(page, f"details-{field}", "😀" * limit)
    assert sent(page, f"details-{field}")["problem"] == ""
    page = type_into(page, f"details-{field}", "😀" * limit + "!")
    problem = sent(page, f"details-{field}")["problem"]
    assert problem == f"{field.title()} must be at most {limit} characters"
    assert len(getattr(saved(ana, opened), field)) == limit + 1


def test_the_name_follows_the_file_preset_and_date_until_it_is_typed_and_again_once_cleared(
    details: Open, open_page: Callable[..., AppTest]
) -> None:
    ana, opened, page = details()
    auto = saved(ana, opened).name
    stem = opened.file.name.rsplit(".", 1)[0]
    assert auto == f"{stem} - Conservative - {drafts.today().isoformat()}"
    page = type_into(page, "details-name", "My own")
    page = type_into(page, "details-name", "")
    assert sent(page, "details-name")["text"] == auto

    def change_preset(name: str) -> str:
        now = drafts.load(ana, opened.job_id)
        drafts.save(ana, now, change(now.draft, drafts.today(), preset=name))
        return str(sent(open_page("details", ana, opened.job_id), "details-name")["text"])

    assert change_preset("balanced") == auto.replace("Conservative", "Balanced")
    type_into(page.run(), "details-name", "My own")
    assert change_preset("conservative") == "My own"


def test_the_name_of_another_job_of_ones_own_is_warned_about_in_any_case(
    details: Open, person: Callable[..., Person]
) -> None:
    ana, _, page = details(name="Support Größe 1")
    assert sent(page, "details-name")["warning"] == ""  # its own name
    _, second, page = details(ana, name="Support 2")
    assert sent(page, "details-name")["warning"] == ""
    page = type_into(page, "details-name", " SUPPORT GRÖßE 1")
    assert sent(page, "details-name")["warning"] == SIMILAR
    assert sent(page, "details-name")["problem"] == ""  # a warning, and no error
    assert saved(ana, second).name == " SUPPORT GRÖßE 1"
    assert sent(details(name="Support Größe 1")[2], "details-name")["warning"] == ""  # another's


def test_a_discarded_drafts_name_is_free(details: Open) -> None:
    ana, first, _ = details(name="Support 1")
    drafts.discard(ana, first.job_id)
    assert sent(details(ana, name="Support 1")[2], "details-name")["warning"] == ""


def test_text_of_another_job_or_user_is_not_taken(details: Open) -> None:
    ana, opened, page = details(notes="Mine")
    type_into(page, "details-notes", "Another job's", store=f"{ana.id}:{UUID(int=0)}")
    assert saved(ana, opened).notes == "Mine"


def test_halves_of_characters_and_nul_do_no_harm(details: Open) -> None:
    ana, opened, page = details()
    page = type_into(page, "details-notes", "a\ud83d b\x00c \U0001f600 \u202ertl")
    assert not page.exception
    assert saved(ana, opened).notes == "a? bc \U0001f600 \u202ertl"


def test_the_list_begins_with_the_predefined_tags(details: Open) -> None:
    field = sent(details()[2], "details-tags")
    assert tuple(field["known"][: len(PREDEFINED_TAGS)]) == PREDEFINED_TAGS
    assert (field["chosen"], field["limit"]) == ([], 10)


def test_a_new_tag_is_there_for_everybody_at_once(details: Open) -> None:
    ana, opened, page = details()
    page = pick(page, "details-tags", "poc", "tone-of-voice")
    assert saved(ana, opened).tags == ("poc", "tone-of-voice")
    assert job(opened.job_id).tags == ["poc", "tone-of-voice"]
    with reading() as connection:
        made_by = connection.scalar(
            select(job_tags.c.created_by).where(job_tags.c.name == "tone-of-voice")
        )
    assert made_by == ana.id
    assert "tone-of-voice" in sent(details()[2], "details-tags")["known"]
    page = pick(page, "details-tags", "tone-of-voice")
    assert saved(ana, opened).tags == ("tone-of-voice",)


@pytest.mark.parametrize(
    ("picked", "told"),
    [
        (["ab"], "Tag names must be between 3 and 30 characters"),
        (["a" * 31], "Tag names must be between 3 and 30 characters"),
        (["Two Words"], "Tag names may have lowercase letters, digits and hyphens only"),
        (["größe"], "Tag names may have lowercase letters, digits and hyphens only"),
        (["<script>"], "Tag names may have lowercase letters, digits and hyphens only"),
    ],
)
def test_a_tag_that_breaks_a_rule_is_refused_in_the_rules_words(
    details: Open, picked: list[str], told: str
) -> None:
    ana, opened, page = details(tags=["poc"])
    page = pick(page, "details-tags", "poc", *picked)
    assert sent(page, "details-tags")["problem"] == told
    assert sent(page, "details-tags")["chosen"] == ["poc"]
    assert saved(ana, opened).tags == ("poc",)
    assert not {*picked} & {*tags.known()}
    page = pick(page, "details-tags", "poc", "test")
    assert sent(page, "details-tags")["problem"] == ""


def test_of_eleven_tags_the_first_ten_are_taken(details: Open) -> None:
    ana, opened, page = details(tags=["poc"])
    eleven = ["poc", *(f"tag-{number:02}" for number in range(10))]
    page = pick(page, "details-tags", *eleven)
    assert sent(page, "details-tags")["problem"] == "Maximum 10 tags allowed"
    assert list(saved(ana, opened).tags) == eleven[:10]


def test_a_client_and_a_project_are_made_in_place(details: Open) -> None:
    ana, opened, page = details()
    page = pick(page, "details-client", "  Acme   Financial ", "Q4 2025 Model Enhancement")
    kept = saved(ana, opened)
    assert (kept.client, kept.project) == ("Acme Financial", "Q4 2025 Model Enhancement")
    assert clients.known()["Acme Financial"] == ["Q4 2025 Model Enhancement"]

    page = pick(page, "details-client", "ACME financial", "q4 2025 model enhancement")
    kept = saved(ana, opened)
    assert (kept.client, kept.project) == ("Acme Financial", "Q4 2025 Model Enhancement")
    page = pick(page, "details-client", "Acme Financial", "")
    assert (saved(ana, opened).client, saved(ana, opened).project) == ("Acme Financial", "")
    page = pick(page, "details-client", "", "")
    assert saved(ana, opened).client == ""
    assert job(opened.job_id).client_id is None


@pytest.mark.parametrize(
    ("picked", "told"),
    [
        (("", "Alone"), "Project must belong to a client: choose the client too"),
        (("c" * 101, ""), "Client must be at most 100 characters"),
        (("Fine", "p" * 101), "Project must be at most 100 characters"),
    ],
)
def test_names_that_cannot_be_are_told(details: Open, picked: tuple[str, str], told: str) -> None:
    ana, opened, page = details()
    page = pick(page, "details-client", *picked)
    assert sent(page, "details-client")["problem"] == told
    assert saved(ana, opened).client == ""


def test_an_archived_client_is_left_out_but_stays_on_the_draft_that_has_it(details: Open) -> None:
    details(client="Bygone", project="Last year")
    _, _, page = details(client="Bygone", project="Last year")
    with transaction() as connection:
        connection.execute(
            update(client_rows)
            .where(client_rows.c.name == "Bygone")
            .values(archived_at=client_rows.c.created_at)
        )
    own = sent(page.run(), "details-client")
    assert ["Bygone", ["Last year"]] in own["known"]
    assert own["chosen"] == ["Bygone", "Last year"]
    assert "Bygone" not in said(details()[2])


def job(job_id: UUID):
    with reading() as connection:
        return connection.execute(select(training_jobs).where(training_jobs.c.id == job_id)).one()
