"""Who gets to see which page, as one table: what it opens with, or the words it refuses with.

A page that is not in the table makes the first test fail.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import Server
from tests.pages.conftest import PAGES, said, texts
from tests.services.all_roles import WHOSE, Team, installation_of_all_roles

OpenPage = Callable[..., AppTest]
ROLES = ("signed out", "analyst", "manager", "admin", "owner")
SIGNED_OUT = "Sign in"
NOT_YOURS = "There is no such job, or it is not yours to see."


@dataclass(frozen=True)
class Row:
    """`seen`: y opens, n refuses; for each role, where a job is named for each of `WHOSE`.

    `parts` are further words of the page and the roles that see them, where it opens.
    """

    opens: str
    seen: str = "n y y y y"
    refuses: str = ""
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def names_a_job(self) -> bool:
        return len(self.seen) > len("n y y y y")


def of_a_job(opens: str) -> Row:
    """An analyst has their own jobs alone; whoever manages has everybody's."""
    return Row(opens, "nnn ynn yyy yyy yyy", NOT_YOURS)


TABLE = {
    "dataset": Row("Turns of a conversation"),
    "preset": of_a_job("How strongly the model is changed"),
    "gpu": of_a_job("The same job on each offer"),
    "details": of_a_job("So that everybody finds and understands this run"),
    "review": of_a_job("The final check"),
    "jobs": Row("New job"),
    "job": of_a_job("This job is a draft"),
    "compare": Row("Choose two to six jobs"),
    "quotes": Row("No quotes yet"),
    "guide": Row("Understanding LoRA Hyperparameters"),
    "budget": Row(
        "Nothing spent this month",
        parts={"Whose budget": "n n y y y", "Set the limit": "n n n n y"},  # their own
    ),
    "approvals": Row(
        "Approvals",
        parts={
            "You have not asked for a higher limit. You can do so on the Budget page.": "n y n n n",
            "Nothing waits for your decision.": "n n y y y",
            "Outbox: the mail about this": "n n n y y",
        },
    ),
    "audit": Row("Audit log", parts={"Verify that nothing was changed": "n n n y y"}),
    "team": Row("No job was started in this period", parts={"Whose jobs": "n n y y y"}),
    "accuracy": Row(
        "What estimates have learned",
        parts={"Refit now": "n n y y y", "Adopt the published card durations": "n n n y y"},
    ),
    "templates": Row("No templates yet"),
    "clients": Row("No clients yet"),
    "notifications": Row("What you are told", parts={"Chat": "n n n y y"}),
    "outbox": Row("No mail yet", "n n n y y", "Only an admin or the owner reads the outbox"),
    "status": Row("Database", "n n n y y", "Admins and the owner see how"),
    "people": Row("Add somebody", "n n n y y", "Admins and the owner see and change who works"),
}


@pytest.fixture(scope="module")
def team(database: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with installation_of_all_roles(database, tmp_path_factory.mktemp("roles")) as made:
        yield made


def test_the_table_has_every_page() -> None:
    assert set(TABLE) == {path.stem for path in PAGES.glob("*.py")}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", TABLE)
def test_each_role_sees_what_the_table_says(
    team: Team, open_page: OpenPage, name: str, role: str
) -> None:
    row = TABLE[name]
    for at, seen in enumerate(row.seen.split()[ROLES.index(role)]):
        actor = None if role == "signed out" else team.actor(role)
        subject = team.people["owner" if actor is None else role][WHOSE[at]]
        job = team.draft(subject) if row.names_a_job else None

        page = open_page(name, actor, job, faults=True)

        shown, whose = said(page), WHOSE[at] if row.names_a_job else ""
        labels = [text for _, text in texts(page)]
        assert (row.opens in shown) == (seen == "y"), whose
        assert ((row.refuses if actor else SIGNED_OUT) in shown) or seen == "y", whose
        assert row.refuses == "" or row.refuses not in shown or seen == "n", whose
        assert not page.exception
        for words, roles in row.parts.items():
            assert (words in labels) == (roles.split()[ROLES.index(role)] == "y"), words
