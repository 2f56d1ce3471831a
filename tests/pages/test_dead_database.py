"""The database goes away while somebody types: what they typed is kept, and saved later."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from lib.db import connection as db
from lib.domain.people import Person
from lib.services import drafts
from lib.services.drafts import OpenDraft
from tests.pages.conftest import sent, type_into

NOBODY_LISTENS = "postgresql://nobody@127.0.0.1:9/nothing"


@pytest.fixture(autouse=True)
def fresh_pool_afterwards() -> object:
    yield
    db.dispose()


def test_a_change_made_without_a_database_is_kept_and_saved_when_it_is_back(
    open_page: Callable[..., AppTest],
    person: Callable[..., Person],
    draft: Callable[..., OpenDraft],
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actor = person()
    opened = draft(actor)
    page = open_page("details", actor, opened.job_id)

    db.dispose()
    configure(DATABASE_URL=NOBODY_LISTENS)
    type_into(page, "details-notes", "Typed while it was away")
    assert page.exception  # the app shows lib.ui.faults in its place
    assert any("kept here" in toast.value for toast in page.toast)

    db.dispose()
    monkeypatch.delenv("DATABASE_URL")
    configure()
    page.run()
    assert not page.exception
    assert sent(page, "details-notes")["text"] == "Typed while it was away"
    assert drafts.load(actor, opened.job_id).draft.notes == "Typed while it was away"
