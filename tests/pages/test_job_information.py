"""The card Job Information: what it shows, editing in place and in the dialog, two at once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from streamlit.testing.v1 import AppTest

from lib.domain.draft import change
from lib.domain.states import JobStatus
from lib.services import drafts, job_metadata, jobs, starting, templates
from lib.services.assessment import assess
from lib.ui import edit_history
from tests.pages.conftest import move, pick, said, sent, type_into, unfold

Make = Callable[..., Any]


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key).click().run()


def keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button}


def test_the_card_shows_all_that_is_written(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person(name="Ana Maria Silva")
    job_id = started_job(
        ana,
        name="Tone of support",
        description="First model",
        notes="**bold** <b>no</b>\n\n- one",
        tags=["poc", "test"],
        client="Acme & Co",
        project="Q4 <2026>",
    )
    page = open_page("job", ana, job_id)

    assert not page.exception
    shown = said(page)
    assert "Job Information" in shown
    assert '<p class="prose" dir="auto">First model</p>' in shown
    assert "<strong>bold</strong> &lt;b&gt;no&lt;/b&gt;" in shown
    assert 'href="/?tag=poc"' in shown
    assert ">Acme &amp; Co</a> → <a" in shown
    assert ">Q4 &lt;2026&gt;</a>" in shown
    assert '<i class="avatar" aria-hidden="true">AS</i>Ana Maria Silva' in shown
    for label in ("Created By", "Created At", "Last Updated"):
        assert f"<dt>{label}</dt>" in shown
    assert "Based on Template" not in shown


def test_the_client_and_the_project_lead_to_what_they_cost(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person()
    job_id = started_job(ana, client="Acme", project="Q4")
    row = jobs.view(ana, job_id).job
    shown = said(open_page("job", ana, job_id))
    assert f'href="/clients?client={row.client_id}"' in shown
    assert f'href="/clients?client={row.client_id}&amp;project={row.project_id}"' in shown


def test_a_job_from_a_template_names_it(person: Make, draft: Make, open_page: Make) -> None:
    ana = person()
    template_id = templates.save(
        ana, draft(ana).job_id, name="House <style>", description="", shared=True, documentation=[]
    )
    opened = draft(ana)
    drafts.save(ana, opened, change(opened.draft, drafts.today(), template_id=str(template_id)))
    shown = said(open_page("job", ana, opened.job_id))
    assert (
        f'Based on Template: <a href="/templates?template={template_id}" target="_self">'
        "House &lt;style&gt;</a>"
    ) in shown


def test_who_may_only_look_sees_no_way_to_edit_or_cancel(
    person: Make, started_job: Make, draft: Make, open_page: Make
) -> None:
    ana, other_manager = person(), person(role="manager")
    job_id, draft_id = started_job(ana, JobStatus.RUNNING), draft(ana).job_id
    ways = {"edit-metadata", "edit-description", "edit-name", "cancel"}
    assert ways <= keys(open_page("job", ana, job_id))
    assert not ways & keys(open_page("job", other_manager, job_id))
    assert "continue" in keys(open_page("job", ana, draft_id))
    assert not (ways | {"continue"}) & keys(open_page("job", other_manager, draft_id))
    assert "share" in keys(open_page("job", other_manager, job_id))


def test_name_and_description_are_edited_in_their_place(
    person: Make, draft: Make, open_page: Make
) -> None:
    ana = person(name="Ana")
    job_id = draft(ana).job_id
    page = press(open_page("job", ana, job_id), "edit-name")
    page.text_input("in-place-name").set_value("Tone of support")
    press(page, "in-place-name-save")
    press(page, "edit-description")
    page.text_area("in-place-description").set_value("What for")
    press(page, "in-place-description-save")

    assert not page.exception
    written = drafts.load(ana, job_id).draft
    assert (written.name, written.description) == ("Tone of support", "What for")
    assert '<h1 class="job-name" dir="auto">Tone of support</h1>' in said(page)
    assert "History: 2 edits" in said(page)


def test_a_bad_name_is_told_in_its_place_and_kept(
    person: Make, draft: Make, open_page: Make
) -> None:
    ana = person()
    page = press(open_page("job", ana, draft(ana).job_id), "edit-name")
    page.text_input("in-place-name").set_value("ab")
    press(page, "in-place-name-save")
    assert page.error[0].value == "Job name must be between 3 and 100 characters"
    assert page.text_input("in-place-name").value == "ab"
    press(page, "in-place-name-cancel")
    assert not page.error


def test_a_started_job_keeps_its_name(person: Make, started_job: Make, open_page: Make) -> None:
    ana = person()
    page = open_page("job", ana, started_job(ana))
    assert page.button("edit-name").disabled
    press(page, "edit-metadata")
    assert page.text_input("metadata-name").disabled
    assert job_metadata.NAME_LOCKED in said(page)


def test_all_fields_are_edited_in_the_dialog(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person()
    job_id = started_job(ana, name="Tone", notes="Before", tags=["test"])
    page = press(open_page("job", ana, job_id), "edit-metadata")
    assert sent(page, "metadata-notes")["text"] == "Before"
    assert sent(page, "metadata-tags")["chosen"] == ["test"]
    type_into(page, "metadata-description", "What for")
    type_into(page, "metadata-notes", "After")
    pick(page, "metadata-tags", "test", "brand-new")
    pick(page, "metadata-client", "Acme", "Q4")
    press(page, "metadata-save")

    assert not page.exception
    written = job_metadata.read(ana, job_id).metadata
    assert (written.description, written.notes) == ("What for", "After")
    assert written.tags == ("test", "brand-new")
    assert (written.client, written.project) == ("Acme", "Q4")
    assert "metadata-save" not in keys(page)  # the dialog has closed
    assert 'href="/?tag=brand-new"' in said(page)


def test_what_is_wrong_is_told_in_the_dialog_and_nothing_is_lost(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person()
    job_id = started_job(ana)
    page = press(open_page("job", ana, job_id), "edit-metadata")
    type_into(page, "metadata-notes", "Kept")
    type_into(page, "metadata-description", "x" * 501)
    press(page, "metadata-save")
    assert sent(page, "metadata-description")["problem"] == (
        "Description must be at most 500 characters"
    )
    page.run()  # as the page does when the run ends
    assert sent(page, "metadata-notes")["text"] == "Kept"
    assert job_metadata.read(ana, job_id).metadata.notes == ""
    press(page, "metadata-cancel")
    assert "metadata-save" not in keys(page)


def two_sessions(person: Make, started_job: Make, open_page: Make) -> tuple[Any, ...]:
    """Ana and Max have the dialog open; Max has saved, Ana has pressed Save after him."""
    ana, max_ = person(name="Ana"), person(role="admin", name="Max")
    job_id = started_job(ana, description="Old", notes="one\ntwo")
    hers = press(open_page("job", ana, job_id), "edit-metadata")
    his = press(open_page("job", max_, job_id), "edit-metadata")
    type_into(hers, "metadata-notes", "one\ntwo\nAna's")
    type_into(hers, "metadata-description", "Ana's")
    type_into(his, "metadata-notes", "Max's\none\ntwo")
    type_into(his, "metadata-description", "Max's")
    pick(his, "metadata-tags", "poc")
    press(his, "metadata-save")
    press(hers, "metadata-save")
    return ana, job_id, hers


def test_the_second_is_told_who_changed_what_and_keeps_what_she_typed(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana, job_id, hers = two_sessions(person, started_job, open_page)
    assert "Max changed this job while you were writing" in said(hers)
    assert "<del>Old</del><ins>Max&#x27;s</ins>" in said(hers)
    assert "<ins>poc</ins>" in said(hers)
    assert sent(hers, "metadata-description")["text"] == "Ana's"
    assert hers.button("metadata-save").disabled
    assert job_metadata.read(ana, job_id).metadata.description == "Max's"


def test_she_can_merge(person: Make, started_job: Make, open_page: Make) -> None:
    ana, job_id, hers = two_sessions(person, started_job, open_page)
    press(hers, "metadata-merge")
    assert sent(hers, "metadata-notes")["text"] == "Max's\none\ntwo\nAna's"
    assert job_metadata.read(ana, job_id).metadata.notes == "Max's\none\ntwo"  # not saved yet
    press(hers, "metadata-save")
    written = job_metadata.read(ana, job_id).metadata
    assert written.notes == "Max's\none\ntwo\nAna's"
    assert written.description == "Max's\n\n---\n\nAna's"
    assert written.tags == ("poc",)


def test_she_can_overwrite_and_the_history_keeps_what_was_there(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana, job_id, hers = two_sessions(person, started_job, open_page)
    press(hers, "metadata-overwrite")
    written = job_metadata.read(ana, job_id).metadata
    assert (written.description, written.tags) == ("Ana's", ("poc",))
    newest, _ = job_metadata.history(ana, job_id)
    assert newest.changes["description"] == ("Max's", "Ana's")
    assert "metadata-save" not in keys(hers)


def test_an_edit_in_place_that_meets_another_goes_on_in_the_dialog(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana, max_ = person(name="Ana"), person(role="admin", name="Max")
    job_id = started_job(ana)
    hers = press(open_page("job", ana, job_id), "edit-description")
    his = press(open_page("job", max_, job_id), "edit-description")
    his.text_area("in-place-description").set_value("Max's")
    press(his, "in-place-description-save")
    hers.text_area("in-place-description").set_value("Ana's")
    press(hers, "in-place-description-save")
    assert "Max changed this job" in said(hers)
    assert sent(hers, "metadata-description")["text"] == "Ana's"


def test_a_start_meanwhile_is_no_conflict_but_fixes_the_name(
    person: Make, local_draft: Make, open_page: Make
) -> None:
    ana = person(name="Ana")
    opened = local_draft(ana)
    page = press(open_page("job", ana, opened.job_id), "edit-metadata")
    type_into(page, "metadata-notes", "While it starts")
    starting.start(ana, opened.job_id, assess(opened).digest)
    press(page, "metadata-save")
    assert "changed this job" not in said(page)
    assert job_metadata.read(ana, opened.job_id).metadata.notes == "While it starts"


def test_the_history_is_readable_and_the_last_edit_is_undone(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person(name="Ana <b>")
    job_id = started_job(ana, description="First model for Acme")
    page = press(open_page("job", ana, job_id), "edit-description")
    page.text_area("in-place-description").set_value("First model for <i>Globex</i>")
    press(page, "in-place-description-save")
    unfold(page, edit_history.OPEN)

    assert "First model for<del> Acme</del><ins> &lt;i&gt;Globex&lt;/i&gt;</ins>" in said(page)
    assert "<b>Ana &lt;b&gt;</b>" in said(page)
    press(page, "undo-edit")
    assert job_metadata.read(ana, job_id).metadata.description == "First model for Acme"
    assert "History: 2 edits" in said(page)


def test_the_dialog_stays_while_the_run_ends(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person()
    job_id: UUID = started_job(ana, JobStatus.RUNNING)
    page = press(open_page("job", ana, job_id), "edit-metadata")
    type_into(page, "metadata-notes", "Seen at step 10")
    move(job_id, JobStatus.COMPLETED)
    page.run()
    assert sent(page, "metadata-notes")["text"] == "Seen at step 10"
