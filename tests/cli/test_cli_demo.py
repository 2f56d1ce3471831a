"""demo fill: once, only where nobody is, and it says who can sign in."""

from collections.abc import Callable

from lib.demo import cast
from tests.cli.conftest import Run


def test_demo_fill_fills_once_and_says_who_can_sign_in(
    installation: str, cli: Callable[..., Run]
) -> None:
    first = cli("demo", "fill", "--jobs", 12, "--json")
    assert first.code == 0
    assert first.data["filled"]["people"] == len(cast.TEAM)
    assert 0 < first.data["filled"]["jobs"] <= 12
    again = cli("demo", "fill", "--json")
    assert again.code == 0
    assert again.data["filled"] is None
    for run in (first, again):
        assert run.data["password"] == cast.PASSWORD
        assert len(run.data["accounts"]) == len(cast.TEAM)


def test_demo_fill_refuses_a_database_with_people(
    installation: str, person: Callable[..., object], cli: Callable[..., Run]
) -> None:
    person()
    assert "There are people in this database" in cli("demo", "fill").refused()
