"""offers and offers refresh: the rates as text and as JSON, fetched and published."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from lib.domain.offers import NOT_CONNECTED, SPOT_KEY
from tests.fake_runpod.client import FakeRunPod
from tests.fake_runpod.world import KEY

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_database(installation: str) -> None:
    """Each test has a market of its own."""


def test_published_rates_are_listed_with_why_they_cannot_be_started(cli: Make) -> None:
    spot, _, here = cli("offers", "--json").data
    assert (spot["key"], spot["hourly_rate"], spot["source"]) == (
        SPOT_KEY,
        Decimal("2.49"),
        "published",
    )
    assert (spot["unavailable"], here["unavailable"]) == (NOT_CONNECTED, None)
    text = cli("offers").out
    assert text.count(NOT_CONNECTED) == 1
    assert "H100 PCIe 80GB  $7.99" in text


@pytest.mark.parametrize(
    "arguments", [("offers", "refresh", "--json"), ("offers", "--json", "refresh")]
)
def test_a_refresh_prints_the_rates_that_it_read(
    cli: Make, runpod: FakeRunPod, arguments: tuple[str, ...]
) -> None:
    run = cli(*arguments)
    assert run.code == 0, run.err
    offers = {offer["key"]: offer for offer in run.data}
    assert offers[SPOT_KEY]["hourly_rate"] == Decimal("1.26")
    assert offers[SPOT_KEY]["stock"] == "LOW"
    assert offers[SPOT_KEY]["fetched_at"] is not None
    assert "set TRAINER_IMAGE" in cli("offers").out


def test_a_refresh_that_fails_says_why_on_one_line_and_hides_the_key(
    cli: Make, runpod: FakeRunPod
) -> None:
    runpod.be(faults={"rest": ["401"]})
    run = cli("offers", "refresh")
    assert run.refused().startswith("RunPod does not accept the key in RUNPOD_API_KEY")
    assert KEY not in run.err


def test_without_a_key_a_refresh_says_what_to_set(cli: Make) -> None:
    assert "RUNPOD_API_KEY" in cli("offers", "refresh").refused()


@pytest.mark.parametrize("key", ["rpa with space", "rpa_ключ", "rpa\nx"])
def test_a_key_that_cannot_be_one_is_refused_without_being_repeated(
    cli: Make, configure: Make, key: str
) -> None:
    configure(RUNPOD_API_KEY=key)
    told = cli("offers").refused()
    assert told.startswith("RUNPOD_API_KEY: ")
    assert key not in told and "rpa" not in told


@pytest.mark.parametrize("address", ["api.runpod.io", "ftp://x", "http://", "http://x:port/"])
def test_an_address_that_is_none_is_refused(cli: Make, configure: Make, address: str) -> None:
    configure(RUNPOD_API_URL=address)
    assert cli("offers").refused().startswith("RUNPOD_API_URL: ")
