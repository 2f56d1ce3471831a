"""The page templates: the list, one of them, and a job begun from it; saving and cloning a job."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.draft import change
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import drafts, jobs, templates
from lib.ui.template_dialogs import INCLUDE, based_on
from tests.pages.conftest import figures, said

Make = Callable[..., Any]
Switches = list[tuple[str, str | None]]


@pytest.fixture
def saved(draft: Make) -> Make:
    """`saved(actor, name, ...)`: the id of a template on a draft with one change."""

    def make(actor: Person, name: str = "Proven way", **values: Any) -> UUID:
        opened = draft(actor, preset="balanced", overrides={"r": 24}, tags=("poc",))
        return templates.save(actor, opened.job_id, name=name, **values)

    return make


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def press_in(page: AppTest, opener: str, label: str) -> AppTest:
    """A button of an open dialog. AppTest runs whole pages: the opener is pressed again."""
    next(button for button in page.button if button.label == opener).click()
    return press(page, label)


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def open_template(open_page: Make, actor: Person, template_id: object) -> AppTest:
    page = open_page("templates", actor)
    page.query_params["template"] = str(template_id)
    return page.run()


def test_an_empty_list_says_how_to_make_the_first_one(
    installation: str, open_page: Make, person: Make
) -> None:
    page = open_page("templates", person())
    assert "No templates yet" in said(page)
    assert "press Save as template" in said(page)


def test_a_card_says_what_it_configures_by_whom_and_how_often_it_was_used(
    open_page: Make, person: Make, saved: Make, training_file: Make
) -> None:
    actor = person(name="Ada Example")
    template_id = saved(actor, "Card of Ada", description="For short letters", shared=False)
    templates.start(actor, template_id, training_file(actor=actor).id)
    shown = said(open_page("templates", actor))
    for words in (
        "Card of Ada",
        "For short letters",
        "Balanced, 1 change",
        "H100 PCIe 80GB, spot",
        "Private",
        "By Ada Example · used once",
    ):
        assert words in shown


def test_typing_and_sorting_rearrange_the_list(
    open_page: Make, person: Make, saved: Make, training_file: Make
) -> None:
    actor = person()
    used, other = saved(actor, "Zulu searchable"), saved(actor, "Alpha searchable")
    templates.start(actor, used, training_file(actor=actor).id)
    page = open_page("templates", actor)
    page = page.text_input(key="template-search").set_value("SEARCHable").run()
    order = [button.key for button in page.button if (button.key or "").startswith("template-")]
    assert order == [f"template-{used}", f"template-{other}"]
    page = page.selectbox(key="template-order").select("Name").run()
    order = [button.key for button in page.button if (button.key or "").startswith("template-")]
    assert order == [f"template-{other}", f"template-{used}"]
    page = page.text_input(key="template-search").set_value("nothing like it").run()
    assert "No template matches" in said(page)


def test_a_job_begins_from_a_template_in_the_wizard(
    open_page: Make, person: Make, saved: Make, training_file: Make, switches: Switches
) -> None:
    actor = person()
    template_id, file = saved(actor), training_file(actor=actor)
    page = open_template(open_page, actor, template_id)
    assert figures(page)["Rank (r)"] == "24 (changed)"
    page.session_state["chosen_file_id"] = file.id
    press(page.run(), "Start from this template")
    (where, job) = switches[-1]
    begun = drafts.load(actor, UUID(job)).draft
    assert (where, begun.template_id, begun.training_file_id) == (
        "preset",
        str(template_id),
        str(file.id),
    )
    assert begun.name == f"{file.name.removesuffix('.json')} - Balanced - {drafts.today()}"


def test_a_file_in_use_closes_the_button_with_the_reason(
    open_page: Make, person: Make, saved: Make, started_job: Make
) -> None:
    actor = person(limit="9999.00")
    template_id, job_id = saved(actor), started_job(actor)
    page = open_template(open_page, actor, template_id)
    page.session_state["chosen_file_id"] = jobs.status_of(actor, job_id).training_file_id
    page.run()
    assert "An active training job uses this file" in said(page).replace("\\", "")
    pressed = next(one for one in page.button if one.label == "Start from this template")
    assert pressed.disabled


def test_archiving_is_undone_where_it_was_done(open_page: Make, person: Make, saved: Make) -> None:
    actor = person()
    template_id = saved(actor, "Soon away")
    page = press(open_template(open_page, actor, template_id), "Archive")
    assert "“Soon away” is archived" in said(page)
    assert templates.by_id(actor, template_id).archived_at is not None
    page = press(page, "Undo")
    assert templates.by_id(actor, template_id).archived_at is None
    assert "“Soon away” is archived" not in said(page)


def test_an_archived_one_is_restored_from_its_page(
    open_page: Make, person: Make, saved: Make
) -> None:
    actor = person()
    template_id = saved(actor, "Back again")
    templates.archive(actor, template_id)
    page = open_template(open_page, actor, template_id)
    assert "Start from this template" not in labels(page)
    press(page, "Restore")
    assert templates.by_id(actor, template_id).archived_at is None


def test_its_creator_admins_and_the_owner_edit_it(
    open_page: Make, person: Make, saved: Make
) -> None:
    actor = person()
    template_id = saved(actor, "Whose")
    for other in (person(), person("manager")):
        assert "Edit" not in labels(open_template(open_page, other, template_id))
    for other in (actor, person("admin")):
        assert "Edit" in labels(open_template(open_page, other, template_id))
    page = press(open_template(open_page, actor, template_id), "Edit")
    name = next(one for one in page.text_input if one.label == "Template name")
    name.set_value("ab")
    page = press_in(page, "Edit", "Save")
    assert "Template name must be between 3 and 100 characters" in said(page)
    name = next(one for one in page.text_input if one.label == "Template name")
    name.set_value("Renamed here")
    press_in(page, "Edit", "Save")
    assert templates.by_id(actor, template_id).name == "Renamed here"


def test_an_unknown_and_a_private_one_are_the_same(
    open_page: Make, person: Make, saved: Make
) -> None:
    private = saved(person(), "Nobody sees this", shared=False)
    for named in (private, "00000000-0000-0000-0000-000000000000"):
        shown = said(open_template(open_page, person("admin"), named))
        assert "There is no such template, or it is not yours to see" in shown.replace("\\", "")
        assert "Nobody sees this" not in shown
    assert "does not name a template" in said(open_template(open_page, person(), "x"))


def test_a_job_is_saved_with_its_description_or_another(
    open_page: Make, person: Make, draft: Make
) -> None:
    actor = person()
    opened = draft(actor, description="First production model", preset="balanced")
    page = press(open_page("job", actor, opened.job_id), "Save as template")
    assert [radio.options for radio in page.radio if radio.label == INCLUDE] == [["Yes", "No"]]
    assert INCLUDE == "Include job description as template description?"
    page.text_input(key="template-name").set_value("With it")
    page = press_in(page, "Save as template", "Save template")
    assert "Saved as the template" in "".join(toast.value for toast in page.toast)
    page = press(page, "Save as template")
    page.radio(key="template-include").set_value("No")
    page = press(page, "Save as template")
    page.text_area(key="template-description").set_value("Its own")
    page.text_input(key="template-name").set_value("with IT")
    page = press_in(page, "Save as template", "Save template")
    assert "by the same person already" in said(page)
    assert page.text_area(key="template-description").value == "Its own"
    page.text_input(key="template-name").set_value("Without it")
    press_in(page, "Save as template", "Save template")
    found = {row.name: row.description for row in templates.listing(actor)}
    assert found["With it"] == "First production model"
    assert found["Without it"] == "Its own"


def test_a_job_is_cloned_into_the_wizard(
    open_page: Make, person: Make, draft: Make, switches: Switches
) -> None:
    actor = person()
    opened = draft(actor, name="To be cloned")
    press(open_page("job", actor, opened.job_id), "Clone")
    (where, job) = switches[-1]
    assert (where, drafts.load(actor, UUID(job)).draft.name) == ("preset", "To be cloned (2)")


def test_a_clone_asks_for_a_file_where_the_job_s_own_is_in_use(
    open_page: Make, person: Make, started_job: Make, training_file: Make, switches: Switches
) -> None:
    actor = person(limit="9999.00")
    job_id = started_job(actor, JobStatus.RUNNING)
    other = training_file(actor=actor)
    page = press(open_page("job", actor, job_id), "Clone")
    assert "An active training job uses this file" in said(page).replace("\\", "")
    page.selectbox(key="clone-file").set_value(other.id)
    page = press(page, "Clone")
    press_in(page, "Clone", "Clone on this file")
    (where, job) = switches[-1]
    begun = drafts.load(actor, UUID(job)).draft
    assert (where, begun.training_file_id) == ("preset", str(other.id))


def test_a_job_names_its_template_and_whether_it_was_modified(
    person: Make, saved: Make, training_file: Make
) -> None:
    actor = person()
    template_id = saved(actor, "<b>Mine</b>", shared=False)
    opened = drafts.load(actor, templates.start(actor, template_id, training_file().id))
    told = based_on(actor, opened.draft)
    assert told is not None
    assert "Based on Template: " in told
    assert f'href="/templates?template={template_id}"' in told
    assert "&lt;b&gt;Mine&lt;/b&gt;" in told
    assert "modified" not in told
    changed = change(opened.draft, drafts.today(), preset="conservative")
    assert "modified" in (based_on(actor, changed) or "")
    assert based_on(person("admin"), opened.draft) is None
    assert based_on(actor, change(opened.draft, drafts.today(), name="x y z")) == told
