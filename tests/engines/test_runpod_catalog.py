"""RunPod's catalogue, asked over real HTTP: prices, stock, spot, and whatever may go wrong."""

import json
import logging
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from lib.domain.offers import (
    NOT_LISTED,
    ON_DEMAND_KEY,
    SPOT_KEY,
    SPOT_WITHDRAWN,
    RateSource,
    Stock,
    Tier,
)
from lib.engines.errors import ProviderProblem
from lib.engines.runpod_catalog import _rate, fetch_offers
from tests.fake_runpod.world import KEY, catalogue, gpu, spot_market

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SPECIFICATION = Path(__file__).parents[3] / "shared" / "reference" / "runpod-openapi-v2.json"


@pytest.fixture
def fetch(runpod):
    """`fetch(spot={})`: what is fetched from a RunPod that is so, by key."""

    def run(key=KEY, timeout=5.0, **world):
        runpod.be(**world)
        found = fetch_offers(
            SecretStr(key),
            api_url=runpod.address,
            graphql_url=runpod.graphql,
            now=NOW,
            timeout=httpx.Timeout(timeout),
        )
        assert len({offer.key for offer in found}) == len(found)
        return {offer.key: offer for offer in found}

    return run


def test_on_demand_rates_and_stock_come_from_rest_rounded_up_to_the_cent(fetch):
    offers = fetch()
    rented = offers[ON_DEMAND_KEY]
    assert (rented.hourly_rate, rented.stock) == (Decimal("2.39"), Stock.MEDIUM)
    assert (rented.source, rented.fetched_at) == (RateSource.PROVIDER, NOW)
    assert (rented.gpu_title, rented.vram_gb) == ("H100 PCIe 80GB", 80)
    assert rented.unavailable is None


def test_the_spot_rate_comes_from_graphql_with_its_own_stock(fetch):
    spot = fetch()[SPOT_KEY]
    assert (spot.hourly_rate, spot.stock) == (Decimal("1.26"), Stock.LOW)
    assert (spot.source, spot.unavailable) == (RateSource.PROVIDER, None)


def test_other_gpus_are_offers_of_their_own_and_have_spot_only_where_it_has_a_price(fetch):
    offers = fetch()
    tiers = {(offer.gpu_title, str(offer.tier)) for offer in offers.values()}
    assert tiers == {
        ("H100 PCIe 80GB", "spot"),
        ("H100 PCIe 80GB", "on_demand"),
        ("A100 PCIe 80GB", "spot"),
        ("A100 PCIe 80GB", "on_demand"),
        ("H100 SXM 80GB", "on_demand"),
        ("H200 SXM 141GB", "on_demand"),
        ("RTX 4090 24GB", "on_demand"),
    }
    assert offers["runpod/NVIDIA H200/on_demand"].stock is Stock.NONE


def test_the_questions_are_those_of_the_specification(fetch, runpod):
    fetch()
    rest, graphql = runpod.requests
    assert (rest["method"], rest["path"]) == ("GET", "/v2/catalog/gpus")
    assert rest["query"] == {
        "include": "AVAILABILITY",
        "product": "POD",
        "count": "1",
        "cloud": "SECURE",
    }
    asked = json.loads(graphql["body"])
    assert asked["variables"] == {"of": {"gpuCount": 1, "secureCloud": True}}
    assert "$of" in asked["query"]
    assert rest["authorised"] and graphql["authorised"]
    assert KEY not in json.dumps([rest, graphql])


@pytest.mark.parametrize(
    "world",
    [
        {"spot": {}},
        {"spot": {"NVIDIA H100 PCIe": None}},
        {"spot": {"NVIDIA H100 PCIe": {"minimumBidPrice": None, "stockStatus": None}}},
        {"spot": {"NVIDIA H100 PCIe": {"minimumBidPrice": 0, "stockStatus": "High"}}},
        {"spot": {"NVIDIA H100 PCIe": {"minimumBidPrice": -1.5, "stockStatus": "High"}}},
        {"spot": {"NVIDIA H100 PCIe": {"minimumBidPrice": "a lot", "stockStatus": 4}}},
        {"faults": {"graphql": ["errors"]}},
        {"faults": {"graphql": ["other form"]}},
        {"faults": {"graphql": ["400"]}},
        {"faults": {"graphql": ["403"]}},
        {"faults": {"graphql": ["410"]}},
    ],
)
def test_spot_that_is_gone_is_shown_as_published_and_never_becomes_another_tier(fetch, world):
    spot = fetch(**world)[SPOT_KEY]
    assert (spot.tier, spot.hourly_rate) == (Tier.SPOT, Decimal("2.49"))
    assert (spot.source, spot.fetched_at) == (RateSource.PUBLISHED, None)
    assert spot.unavailable == SPOT_WITHDRAWN
    assert fetch(**world)[ON_DEMAND_KEY].hourly_rate == Decimal("2.39")


@pytest.mark.parametrize("door", ["rest", "graphql"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("429", "asks to be asked again in 12 seconds (HTTP 429)"),
        ("500", "has a problem of its own at the moment (HTTP 500)"),
        ("503", "has a problem of its own at the moment (HTTP 503)"),
        ("302", "refused the question (HTTP 302)"),
        ("cut", "not the JSON that was expected"),
        ("not json", "not the JSON that was expected"),
        ("hang", "did not answer in time"),
    ],
)
def test_what_may_pass_is_told_in_plain_words(fetch, door, fault, said):
    with pytest.raises(ProviderProblem) as told:
        fetch(timeout=0.5, faults={door: [fault]})
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("401", "does not accept the key in RUNPOD_API_KEY (HTTP 401)"),
        ("403", "may not read RunPod's catalogue (HTTP 403)"),
        ("400", "refused the question (HTTP 400)"),
        ("other form", "another form than expected"),
    ],
)
def test_a_refused_catalogue_says_why(fetch, fault, said):
    with pytest.raises(ProviderProblem) as told:
        fetch(faults={"rest": [fault]})
    assert said in str(told.value)


def h100(**changes):
    return [gpu("NVIDIA H100 PCIe", "H100 PCIe", 80, 2.39) | changes, *catalogue()[2:]]


@pytest.mark.parametrize(
    "price",
    [
        {"secure": 0},
        {"secure": -7.99},
        {"secure": None},
        {},
        {"secure": "much"},
        {"secure": 1e30},
        {"community": 1.0},
    ],
)
def test_a_listed_h100_without_a_usable_price_leaves_everything_as_it_was(fetch, price):
    with pytest.raises(ProviderProblem, match="H100 PCIe 80GB"):
        fetch(gpus=h100(price=price))


@pytest.mark.parametrize("missing", ["name", "memory", "secure", "id"])
def test_another_gpu_that_cannot_be_read_costs_only_itself(fetch, missing):
    broken = {key: value for key, value in catalogue()[4].items() if key != missing}
    offers = fetch(gpus=[*catalogue()[:4], broken, None, "text"])
    assert ON_DEMAND_KEY in offers
    assert "runpod/NVIDIA A100 80GB PCIe/on_demand" not in offers


def test_fields_and_levels_that_nobody_knows_are_ignored(fetch):
    listed = h100(availability="PLENTY", zones=[1, {"a": None}])
    rented = fetch(gpus=listed)[ON_DEMAND_KEY]
    assert (rented.hourly_rate, rented.stock) == (Decimal("2.39"), None)


def test_an_h100_that_is_not_listed_is_there_as_published_and_says_so(fetch):
    rented = fetch(gpus=catalogue()[2:])[ON_DEMAND_KEY]
    assert (rented.source, rented.unavailable) == (RateSource.PUBLISHED, NOT_LISTED)


def test_a_gpu_that_is_not_in_the_secure_cloud_is_no_offer(fetch):
    offers = fetch(gpus=[*h100(), gpu("NVIDIA L40", "L40", 96, 1.0, secure=False)])
    assert not any("L40" in key for key in offers)


def test_a_gpu_listed_twice_is_one_offer(fetch):
    assert fetch(gpus=[*catalogue(), *catalogue()])


def test_an_empty_catalogue_is_a_problem_and_not_an_empty_market(fetch):
    with pytest.raises(ProviderProblem, match="lists no GPU"):
        fetch(gpus=[], spot={})


def test_nobody_listening_is_told_in_plain_words():
    with pytest.raises(ProviderProblem, match="cannot be reached"):
        fetch_offers(
            SecretStr(KEY),
            api_url="http://127.0.0.1:9",
            graphql_url="http://127.0.0.1:9",
            now=NOW,
        )


@pytest.mark.parametrize("fault", ["401", "403", "429", "500", "not json", "hang"])
def test_the_key_is_in_no_error_and_no_log(fetch, fault, caplog):
    """The fake repeats the key in what it refuses."""
    wrong = "rpa_WRONG_key_do_not_show"
    with caplog.at_level(logging.DEBUG), pytest.raises(ProviderProblem) as told:
        fetch(key=wrong, timeout=0.5, faults={"rest": [fault]})
    seen = [repr(told.value), str(told.value.__cause__), caplog.text]
    assert not any(wrong in text for text in seen)


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_a_rate_is_at_least_the_price_by_less_than_a_cent_or_there_is_none(price):
    rate = _rate(price)
    if rate is None:
        assert not price.is_finite() or price <= 0 or price > Decimal("9999999999.99")
    else:
        assert rate - Decimal("0.01") < price <= rate
        assert rate == rate.quantize(Decimal("0.01"))


def test_seeded_faults_come_in_the_same_order_each_time(fetch, runpod):
    def outcomes():
        runpod.be(fault_rate=0.5, seed=7, fault_kinds=["500"])
        return [
            httpx.get(
                f"{runpod.address}/v2/catalog/gpus",
                headers={"Authorization": f"Bearer {KEY}"},
                trust_env=False,
            ).status_code
            for _ in range(12)
        ]

    first = outcomes()
    assert first == outcomes()
    assert set(first) == {200, 500}


def test_the_fakes_answers_are_those_of_runpods_specification(runpod):
    if not SPECIFICATION.exists():
        pytest.skip("RunPod's specification is not on this machine")
    from jsonschema import Draft202012Validator

    specification = json.loads(SPECIFICATION.read_text("utf-8"))

    def check(answer, name):
        schema = {
            "$ref": f"#/components/schemas/{name}",
            "components": specification["components"],
        }
        Draft202012Validator(schema).validate(answer.json())

    def ask(**options):
        return httpx.get(f"{runpod.address}/v2/catalog/gpus", trust_env=False, **options)

    key = {"Authorization": f"Bearer {KEY}"}
    stock = {"include": "AVAILABILITY", "product": "POD"}
    check(ask(headers=key, params=stock), "ListGpuTypesResponse")
    check(ask(headers=key), "ListGpuTypesResponse")
    check(ask(), "ErrorResponse")
    check(ask(headers=key, params={"include": "AVAILABILITY"}), "ErrorResponse")
    assert set(spot_market()) <= {entry["id"] for entry in catalogue()}
