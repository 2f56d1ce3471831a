"""The Dataset page: choosing among files, what is still to be done, reading the conversations."""

import html
import json
import re
from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row, delete, update
from streamlit.testing.v1 import AppTest

from lib import storage
from lib.db.connection import transaction
from lib.db.tables import training_files
from lib.domain.dataset import DatasetSummary, safe_name
from lib.domain.draft import first_name
from lib.domain.estimate import format_hours, published_estimate
from lib.domain.file_filter import FileFilter
from lib.domain.money import usd
from lib.domain.offers import published_offers
from lib.domain.people import Person
from lib.services import file_care, jobs, previews
from lib.services import training_files as training_files_service
from lib.services.drafts import today
from lib.services.training_files import MISSING
from lib.ui import file_chooser, file_menu
from lib.ui.file_import import CHOSEN
from lib.ui.moments import date_and_time
from lib.ui.text import plain
from tests.conftest import enrich
from tests.pages.conftest import figures, said

Make = Callable[..., Any]
Open = Callable[..., AppTest]
OPENED = "read-conversations"


def change(file: Row, **values: Any) -> None:
    with transaction() as connection:
        connection.execute(
            update(training_files).where(training_files.c.id == file.id).values(**values)
        )


def listing(page: AppTest, name: str = "") -> AppTest:
    """The page with the list dropped down: of all files, or those with the name in theirs."""
    page.session_state[file_chooser.OPEN] = True
    page.session_state["filter-name"] = name
    return page.run()


def line(page: AppTest, name: str) -> Any:
    """The file's entry in the list, or None; its label is compared as it is written."""
    entries = (b for b in page.button if (b.key or "").startswith("file-"))
    return next((button for button in entries if plain(name) in button.label), None)


def names(page: AppTest) -> list[str]:
    return [b.label for b in page.button if re.fullmatch("file-[0-9a-f-]{36}", b.key or "")]


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


def test_each_entry_tells_the_figures_and_what_cannot_be_chosen_is_greyed_with_its_reason(
    person: Make, training_file: Make, open_page: Open
) -> None:
    good, small, failed, waiting, poor = (training_file(count) for count in (50, 12, 50, 50, 50))
    change(failed, enrichment_status="failed", enrichment_error="Storage file changed")
    change(waiting, enrichment_status="processing")
    change(poor, average_quality=Decimal("3.99"))
    mark = f"each-{uuid4()} "
    for file in (good, small, failed, waiting, poor):
        change(file, name=mark + file.name)

    page = listing(open_page("dataset", person()), mark)

    sizes = f"50 conversations · {good.training_pairs:,} training pairs · "
    average = good.average_quality.quantize(Decimal("0.1"), rounding=ROUND_DOWN)
    assert line(page, good.name).label.endswith(plain(f"{sizes}✓ High Quality {average}"))
    assert line(page, poor.name).label.endswith(plain("⚠ Review 3.9"))
    assert line(page, failed.name).label.endswith(plain("⚠ Storage file changed"))
    assert line(page, waiting.name).label.endswith(plain("⏳ Processing"))
    greyed = line(page, small.name)
    assert greyed.label.endswith(
        plain("Insufficient conversations: 12, and a job needs at least 50")
    )
    disabled = [b.disabled for b in page.button if b.label in names(page)]
    assert greyed.disabled
    assert disabled == sorted(disabled)
    assert not page.exception


def test_a_click_on_an_entry_chooses_it_and_closes_the_list(
    person: Make, training_file: Make, open_page: Open
) -> None:
    wanted, _ = training_file(50), training_file(50)
    page = listing(open_page("dataset", person()))
    line(page, wanted.name).click().run()
    assert page.session_state[CHOSEN] == wanted.id
    assert page.subheader[0].value == plain(wanted.name)
    assert not page.session_state[file_chooser.OPEN]


def test_a_greyed_file_can_be_looked_at_and_says_why_no_job_can_be_made(
    person: Make, training_file: Make, open_page: Open
) -> None:
    small = training_file(12)
    page = listing(open_page("dataset", person()), small.name)
    page.button(f"look-{small.id}").click().run()
    assert page.subheader[0].value == plain(small.name)
    assert plain("Insufficient conversations: 12") in page.warning[0].value
    assert button(page, "Create Training Job").disabled


def test_archived_files_are_listed_on_request_and_can_be_restored(
    person: Make, training_file: Make, open_page: Open
) -> None:
    ana = person()
    archived = training_file(50, actor=ana)
    change(archived, status="archived")

    page = listing(open_page("dataset", ana), archived.name)
    assert line(page, archived.name) is None

    page.toggle(file_chooser.ARCHIVED).set_value(True).run()
    assert line(page, archived.name).disabled
    assert line(page, archived.name).label.endswith("Archived")
    page.button(f"look-{archived.id}").click().run()
    assert "it is archived" in page.warning[0].value
    button(page, "Restore").click().run()
    assert page.toast[0].value == "Restored."
    assert training_files_service.get(archived.id).status == "active"
    assert not button(page, "Create Training Job").disabled


def test_filters_narrow_the_list_and_leave_the_chosen_file_alone(
    person: Make, training_file: Make, open_page: Open
) -> None:
    small, large = training_file(50), training_file(64)
    page = listing(on(open_page("dataset", person()), small))

    page.text_input("filter-name").set_value(large.name.upper()).run()
    assert names(page) == [line(page, large.name).label]
    assert page.subheader[0].value == plain(small.name)
    assert "1 of " in said(page)

    field(page, "Conversations to").set_value(63).run()
    assert names(page) == []

    button(page, "Clear").click().run()
    assert line(page, large.name)
    assert "match the filter" not in said(page)
    assert not page.exception


def test_the_range_of_quality_leaves_out_files_below_and_without_scores(
    person: Make, training_file: Make, open_page: Open
) -> None:
    good, poor, unscored = (training_file(50) for _ in range(3))
    change(poor, average_quality=Decimal("3.00"))
    change(unscored, average_quality=None)
    page = listing(on(open_page("dataset", person()), good))

    field(page, "Quality from").set_value(3.1).run()

    assert line(page, good.name)
    assert line(page, poor.name) is None
    assert line(page, unscored.name) is None


def test_a_list_of_more_than_a_page_turns_its_pages(
    person: Make, training_file: Make, open_page: Open
) -> None:
    ana, mark = person(), f"turned-{uuid4()}"
    made = [training_file(50) for _ in range(file_chooser.PAGE_SIZE + 1)]
    for file in made:
        change(file, name=f"{mark}-{file.name}")
    page = listing(open_page("dataset", ana))
    page.text_input("filter-name").set_value(mark).run()
    assert len(names(page)) == file_chooser.PAGE_SIZE
    wanted = FileFilter(name=mark)
    page.session_state[file_chooser.page_key(wanted, archived=False)] = 2
    page.run()
    assert [plain(made[0].name) in label for label in names(page)] == [True]


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
    with transaction() as connection:
        connection.execute(training_files.insert(), crowd(ana.id))
    try:
        page = listing(open_page("dataset", ana))
        page.text_input("filter-name").set_value("crowd-77.json").run()
        assert not page.exception
        assert len(names(page)) == 1
        assert line(page, "crowd-77.json").click().run().warning[0].value == plain(MISSING)
        assert on(page, file).subheader[0].value == plain(file.name)
    finally:
        with transaction() as connection:
            connection.execute(
                delete(training_files).where(training_files.c.storage_key.like("crowd-%"))
            )


def crowd(creator: Any) -> list[dict[str, Any]]:
    """Ten thousand rows of files."""
    return [
        {
            "created_by": creator,
            "format": "brightrun-lora-v4",
            "size_bytes": 1,
            "summary": {},
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


def managing(page: AppTest, file: Row) -> AppTest:
    """The page with the file chosen and its menu open."""
    page.session_state[file_menu.OPEN] = True
    return on(page, file)


@pytest.mark.parametrize("name", ["Spring.json", "<img src=x onerror=alert(1)>", "**x** [a](b)"])
def test_a_file_is_renamed_from_its_menu_whatever_the_name(
    person: Make, training_file: Make, open_page: Open, name: str
) -> None:
    ana = person()
    file = training_file(50, actor=ana)
    page = managing(open_page("dataset", ana), file)
    page.text_input(f"file-name-{file.id}").set_value(name)
    button(page, "Rename").click().run()
    assert training_files_service.get(file.id).name == safe_name(name)
    assert page.subheader[0].value == plain(safe_name(name))
    assert not page.exception


def test_what_is_refused_is_told_in_the_menu(
    person: Make, training_file: Make, draft: Make, open_page: Open
) -> None:
    ana = person()
    file = training_file(50, actor=ana)
    draft(ana, file=file, name="Uses it")
    page = managing(open_page("dataset", ana), file)
    page.text_input(f"file-name-{file.id}").set_value("  ")
    button(page, "Rename").click().run()
    assert plain("Name: write") in page.error[0].value
    button(page, "Delete").click().run()
    button(page, "Delete").click()
    button(page, "Delete the file").click().run()
    assert "1 job, drafts included, uses it: Uses it" in page.error[0].value.replace("\\", "")
    assert training_files_service.get(file.id).name == file.name


def test_a_deleted_file_is_gone_and_the_page_goes_on_with_another(
    person: Make, training_file: Make, open_page: Open
) -> None:
    ana = person()
    other, file = training_file(50), training_file(50, actor=ana)
    page = managing(open_page("dataset", ana), file)
    button(page, "Delete").click().run()
    assert "deleted for good" in said(page)
    button(page, "Delete").click()
    button(page, "Delete the file").click().run()
    assert page.subheader[0].value == plain(other.name)
    assert not page.exception


def test_a_file_that_somebody_else_has_deleted_meanwhile_is_told(
    person: Make, training_file: Make, open_page: Open
) -> None:
    file = training_file(50)
    page = on(open_page("dataset", person()), file)
    file_care.delete(person(role="manager"), file.id)
    page.run()
    assert page.toast[0].value == "Training file not found"
    assert page.subheader[0].value != plain(file.name)
    assert not page.exception


def test_the_files_of_others_are_checked_but_not_changed(
    person: Make, training_file: Make, open_page: Open
) -> None:
    file = training_file(50)
    page = managing(open_page("dataset", person()), file)
    for label in ("Rename", "Archive", "Delete"):
        assert button(page, label).disabled
    assert "Only who imported a file" in said(page)
    button(page, "Check the stored file").click().run()
    assert "byte for byte" in page.toast[0].value
    storage.original_file(file.storage_key).write_bytes(b"another")
    button(managing(page, file), "Check the stored file").click().run()
    assert plain("Storage file changed: import the same file again") in page.error[0].value
    assert "⚠ Review Required" in said(page)
    assert button(page, "Create Training Job").disabled


def create(page: AppTest) -> None:
    """Creates in the open dialog; AppTest runs the page with it, a browser the dialog alone."""
    button(page, "Create Training Job").click()
    button(page, "Create").click().run()


def test_the_dialog_is_filled_in_and_creates_the_job_under_the_name_that_was_typed(
    person: Make, training_file: Make, open_page: Open, switches: list[Any]
) -> None:
    ana = person()
    file = training_file(50, actor=ana)
    page = on(open_page("dataset", ana), file)
    button(page, "Create Training Job").click().run()
    field = next(field for field in page.text_input if field.label == "Job name")
    assert field.value == first_name(file.name, today())
    assert figures(page)["Training pairs"] == f"{file.training_pairs:,}"
    assert "Conservative is suggested" in said(page)

    field.set_value("x")
    create(page)
    assert "between 3 and 100 characters" in page.error[0].value
    assert switches == []
    next(field for field in page.text_input if field.label == "Job name").set_value("For Acme")
    create(page)
    ((where, job),) = switches
    assert where == "preset"
    created = jobs.status_of(ana, UUID(job))
    assert (created.name, created.status) == ("For Acme", "pending_configuration")


def test_the_metrics_of_a_job_are_this_files_estimate_beside_the_published_ranges(
    installation: str, person: Make, training_file: Make, open_page: Open
) -> None:
    file = training_file(160)
    page = on(open_page("dataset", person()), file)
    shown = figures(page)
    expected = published_estimate(
        training_pairs=file.training_pairs,
        preset="balanced",
        epochs=3,
        offer=published_offers()[0],
    )
    assert shown["Suggested preset"] == "Balanced"
    assert shown["Duration"] == format_hours(expected.duration_hours)
    assert shown["Cost on spot"] == f"{usd(expected.cost_min)} – {usd(expected.cost_max)}"
    for published in ("published: 8-20 hours", "published: $25-100", "30-40 %; not measured here"):
        assert published in said(page)


def test_a_chosen_files_metadata_is_all_there(
    person: Make, training_file: Make, open_page: Open
) -> None:
    file, page = training_file(60), open_page("dataset", person())
    summary = DatasetSummary.from_dict(file.summary)

    on(page, file)

    drawn = [element.proto for element in page._tree if hasattr(element, "proto")]
    told = " ".join(getattr(proto, "text", "") for proto in drawn)
    for name in ("empathy", "clarity", "appropriateness"):
        assert f"{name.title()} {summary.quality[name]:.1f}/5" in told
    for title in ("Personas", "Emotional arcs", "Topics"):
        assert f"**{title}**" in said(page)
    assert len(page.get("plotly_chart")) == 4  # and the turns
    share = figures(page)["Human reviewed"]
    assert share == f"{summary.human_reviewed_percentage:.0f} %"
    assert f"{summary.human_reviewed:,} of {summary.training_pairs:,} pairs" in said(page)
    assert f"{file.size_bytes / 1e6:.1f} MB · updated" in said(page)
    assert date_and_time(file.updated_at) in said(page)


def test_a_file_whose_scores_never_differ_says_what_that_means_and_shows_what_does(
    person: Make, training_file: Make, open_page: Open
) -> None:
    file = training_file(50)
    same = dict.fromkeys(("average_quality", "min_quality", "max_quality"), "3.00")
    change(file, summary={**file.summary, **same, "human_reviewed": 0})
    page = on(open_page("dataset", person()), file)
    assert "Every pair is scored 3\\.00, and none is marked as reviewed" in said(page)
    assert "Turns of a conversation" in said(page)
    assert "characters each, at most" in said(page)


def test_the_real_file_is_told_as_it_is(
    person: Make, real_file: Any, open_page: Open, tmp_path: Any
) -> None:
    ana = person()
    row, _ = training_files_service.import_training_file(ana, real_file, "real.json")
    page = on(open_page("dataset", ana), enrich(row))
    shown = figures(page)
    assert (shown["Conversations"], shown["Training pairs"]) == ("72", "447")
    assert "Every pair is scored 3\\.00" in said(page)
    assert not button(page, "Create Training Job").disabled
    assert not page.exception
