"""How a person presses Start: look at the assessment, then start what was shown."""

from collections.abc import Callable
from typing import Any

import pytest

from lib.domain.people import Person
from lib.services import starting
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft


@pytest.fixture
def start() -> Callable[..., Any]:
    """`start(actor, opened)`: starts the draft as it is shown now."""

    def press(actor: Person, opened: OpenDraft, **values: Any) -> Any:
        return starting.start(actor, opened.job_id, assess(opened).digest, **values)

    return press
