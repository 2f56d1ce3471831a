"""The Dataset page: choosing among files, what is still to be done, reading the conversations."""

import html
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Row, delete, update
from streamlit.testing.v1 import AppTest

from lib import storage
from lib.db.connection import transaction
from lib.db.tables import training_files
from lib.domain.people import Person
from lib.services import previews
from lib.ui.file_import import CHOSEN
from tests.pages.conftest import said

Make = Callable[..., Any]
Open = Callable[..., AppTest]
OPENED = "read-conversations"


def change(file: Row, **values: Any) -> None:
    with transaction() as connection:
        connection.execute(
            update(training_files).where(training_files.c.id == file.id).values(**values)
        )


def chooser(page: AppTest) -> Any:
    return next(box for box in page.selectbox if box.label == "Training file")


def line(page: AppTest, name: str) -> str | None:
    return next((text for text in chooser(page).options if name in text), None)


def on(page: AppTest, file: Row) -> AppTest:
    """The page with the file chosen."""
    page.session_state[CHOSEN] = file.id
    return page.run()


def reading(page: AppTest, file: Row) -> AppTest:
    """The page with the file's conversations unfolded."""
    page.session_state[OPENED] = True
    return on(page, file)


def button(page: AppTest, label: str) -> Any:
    return next(button for button in page.button if button.label == label)


def field(page: AppTest, label: str) -> Any:
    return next(field for field in page.number_input if field.label.startswith(label))


def test_files_that_cannot_be_used_come_last_with_their_reason(
    person: Make, training_file: Make, open_page: Open
) -> None:
    good, small, failed, waiting = (training_file(count) for count in (50, 12, 50, 50))
    change(failed, enrichment_status="failed", enrichment_error="Storage file changed")
    change(waiting, enrichment_status="processing")

    page = open_page("dataset", person())

    assert line(page, good.name) == (
        f"{good.name} · 50 conversations · {good.training_pairs} training pairs · "
        f"✓ High Quality {good.average_quality:.1f}"
    )
    assert line(page, small.name) == (
        f"✗ {small.name} · Insufficient conversations: 12, and a job needs at least 50"
    )
    assert line(page, failed.name) == f"✗ {failed.name} · Storage file changed"
    assert line(page, waiting.name) == f"⏳ {waiting.name} · Training file not enriched"
    marked = [text[0] in "✗⏳" for text in chooser(page).options]
    assert marked == sorted(marked)
    assert not page.exception


def test_an_archived_file_is_not_listed(person: Make, training_file: Make, open_page: Open) -> None:
    kept, archived = training_file(50), training_file(50)
    change(archived, status="archived")

    page = open_page("dataset", person())

    assert line(page, kept.name)
    assert line(page, archived.name) is None


def test_filters_narrow_the_list_and_leave_the_chosen_file_alone(
    person: Make, training_file: Make, open_page: Open
) -> None:
    small, large = training_file(50), training_file(64)
    page = on(open_page("dataset", person()), small)

    page.text_input("filter-name").set_value(large.name.upper()).run()
    assert line(page, large.name)
    assert chooser(page).value == small.id
    assert len(chooser(page).options) == 2
    assert "1 of " in said(page)
    assert "it stays until you choose another" in said(page)

    field(page, "Conversations to").set_value(63).run()
    assert line(page, large.name) is None

    button(page, "Clear the filter").click().run()
    assert line(page, large.name)
    assert "the filter." not in said(page)
    assert not page.exception


def test_the_range_of_quality_leaves_out_files_below_and_without_scores(
    person: Make, training_file: Make, open_page: Open
) -> None:
    good, poor, unscored = (training_file(50) for _ in range(3))
    change(poor, average_quality=Decimal("3.00"))
    change(unscored, average_quality=None)
    page = on(open_page("dataset", person()), good)

    field(page, "Quality from").set_value(3.1).run()

    assert line(page, good.name)
    assert line(page, poor.name) is None
    assert line(page, unscored.name) is None


def test_what_stands_against_a_file_is_said_in_words(
    person: Make, training_file: Make, open_page: Open
) -> None:
    file = training_file(50)
    change(file, summary={**file.summary, "average_quality": "3.00", "human_reviewed": 0})

    page = on(open_page("dataset", person()), file)

    told = next(text for text in (m.value for m in page.markdown) if "still to be done" in text)
    assert told.count("\n- ") == 2
    assert "Average quality 3\\.00 is below 4\\.0" in told
    assert "No pair is marked as reviewed by a person" in told
    assert "None of this keeps you from training" in said(page)
    assert not button(page, "Create Training Job").disabled


def test_nothing_is_still_to_be_done_for_a_ready_file(
    person: Make, training_file: Make, open_page: Open
) -> None:
    file = training_file(50)
    page = on(open_page("dataset", person()), file)
    assert "Read the conversations" in said(page)
    assert "still to be done" not in said(page)


def test_conversations_are_not_read_before_they_are_opened(
    person: Make, training_file: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    conversation = previews.conversation

    def counted(file: Row, index: int) -> previews.Preview:
        read.append(index)
        return conversation(file, index)

    monkeypatch.setattr(previews, "conversation", counted)
    file = training_file(50)

    page = on(open_page("dataset", person()), file)
    assert read == []

    reading(page, file)
    assert read == [0]


def test_the_reader_goes_forward_back_and_to_any_number(
    person: Make, training_file: Make, open_page: Open
) -> None:
    file = training_file(50)
    page = reading(open_page("dataset", person()), file)
    assert button(page, "Previous").disabled

    def shows(index: int) -> bool:
        return html.escape(previews.conversation(file, index).turns[-1].content) in said(page)

    assert shows(0)
    button(page, "Next").click().run()
    assert shows(1)
    field(page, "Conversation, 1 to 50").set_value(50).run()
    assert shows(49)
    assert button(page, "Next").disabled
    button(page, "Previous").click().run()
    assert field(page, "Conversation, 1 to 50").value == 49
    assert not page.exception


def test_trained_responses_are_told_from_context_and_texts_stay_text(
    person: Make, training_file: Make, open_page: Open
) -> None:
    file, hostile = training_file(50), "<img src=x onerror=alert(1)>\n  **bold**"
    turns = [("system", "Be <b>kind</b>.", False), ("user", hostile, False)]
    turns += [("assistant", "An earlier one", False), ("assistant", "Learn this", True)]
    messages = [{"role": role, "content": text, "train": train} for role, text, train in turns]
    path = storage.sequences_file(file.storage_key)
    path.write_text(json.dumps({"id": "a_b_c", "messages": messages}) + "\n", "utf-8")

    shown = said(reading(open_page("dataset", person()), file))

    assert '<details><summary>System prompt</summary><p dir="auto">Be &lt;b&gt;kind' in shown
    assert '<span class="pill quiet">context only</span></div><p dir="auto">An earlier' in shown
    assert '<span class="pill good">trained</span></div><p dir="auto">Learn this</p>' in shown
    assert shown.count('class="pill good"') == shown.count('class="turn assistant trained"') == 1
    assert html.escape(hostile) in shown
    assert "<img" not in shown
    assert "4 messages, 1 trained" in shown


def test_conversations_that_are_missing_on_disk_are_told(
    person: Make, training_file: Make, open_page: Open
) -> None:
    file = training_file(50)
    storage.sequences_file(file.storage_key).unlink()

    page = reading(open_page("dataset", person()), file)

    assert "are missing on disk" in page.error[0].value
    assert 'class="chat"' not in said(page)
    assert not page.exception


def test_ten_thousand_files_can_be_chosen_from(
    person: Callable[..., Person], training_file: Make, open_page: Open
) -> None:
    file, ana = training_file(50), person()
    shared = {"created_by": ana.id, "format": "brightrun-lora-v4", "size_bytes": 1, "summary": {}}
    rows = [
        {
            **shared,
            "name": f"crowd-{number}.json",
            "storage_key": f"crowd-{number}",
            "content_hash": f"{number:064}",
            "conversation_count": number % 100,
            "training_pairs": 300,
            "trainable_pairs": 150,
            "enrichment_status": "completed",
        }
        for number in range(10_000)
    ]
    with transaction() as connection:
        connection.execute(training_files.insert(), rows)
    try:
        page = open_page("dataset", ana)
        page.text_input("filter-name").set_value("crowd-77.json").run()
        assert not page.exception
        assert line(page, "crowd-77.json") == "✗ crowd-77.json · Storage file missing"
        assert line(page, "crowd-78.json") is None
        assert on(page, file).session_state[CHOSEN] == file.id
    finally:
        crowd = training_files.c.storage_key.like("crowd-%")
        with transaction() as connection:
            connection.execute(delete(training_files).where(crowd))
