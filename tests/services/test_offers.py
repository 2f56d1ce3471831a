"""Offers as a page reads them: published, fetched, kept, aged; and how tiers have been used."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, select, update

from lib.db.connection import database, reading, transaction
from lib.db.tables import activity_log, gpu_offers, training_jobs
from lib.domain.offers import (
    LOCAL_KEY,
    NO_ADDRESS,
    NO_IMAGE,
    NO_MODEL_TOKEN,
    NOT_CONNECTED,
    NOT_LISTED,
    ON_DEMAND_KEY,
    RATES_NOT_READ,
    SPOT_KEY,
    SPOT_NOT_READ,
    SPOT_OFF,
    SPOT_WITHDRAWN,
    RateSource,
    Tier,
)
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.domain.usage import TierUsage
from lib.engines.errors import ProviderProblem
from lib.services import offers
from lib.services.assessment import assess
from lib.services.errors import NotAllowed, Refusal
from tests.fake_runpod.client import FakeRunPod
from tests.fake_runpod.world import KEY, catalogue

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_database(installation: str) -> None:
    """Each test has a market of its own."""


def by_key() -> dict[str, Any]:
    return {offer.key: offer for offer in offers.offers()}


def age_batches(hours: int) -> None:
    """What time does to all that was fetched."""
    with transaction() as connection:
        connection.execute(
            update(gpu_offers).values(fetched_at=gpu_offers.c.fetched_at - timedelta(hours=hours))
        )


def test_without_a_key_the_offers_are_published_and_say_that_runpod_is_not_connected() -> None:
    found = by_key()
    assert set(found) == {SPOT_KEY, ON_DEMAND_KEY, LOCAL_KEY}
    for key in (SPOT_KEY, ON_DEMAND_KEY):
        assert found[key].source is RateSource.PUBLISHED
        assert found[key].unavailable == NOT_CONNECTED
    assert found[LOCAL_KEY].unavailable is None
    assert offers.freshness() == offers.Freshness(connected=False, fetched_at=None)


def test_a_refresh_without_a_key_says_what_to_set(person: Make) -> None:
    with pytest.raises(Refusal, match="RUNPOD_API_KEY"):
        offers.refresh(person())


def test_a_refresh_brings_runpods_rates_and_says_what_is_to_be_set_before_a_start(
    person: Make, runpod: FakeRunPod
) -> None:
    fetched_at = offers.refresh(person())
    found = by_key()
    assert found[ON_DEMAND_KEY].hourly_rate == Decimal("2.39")
    assert found[SPOT_KEY].hourly_rate == Decimal("1.26")
    assert found[SPOT_KEY].fetched_at == fetched_at == offers.freshness().fetched_at
    assert {offer.unavailable for offer in found.values() if not offer.is_local} == {NO_IMAGE}


def unavailable(key: str) -> str | None:
    return by_key()[key].unavailable


@pytest.fixture
def ready(runpod: FakeRunPod, configure: Make) -> FakeRunPod:
    """RunPod is set up: jobs may start there."""
    configure(TRAINER_IMAGE="registry.example.com/trainer:1", HF_TOKEN="hf_token")
    return runpod


def test_once_all_is_set_and_read_what_runpod_offers_can_be_started(
    person: Make, ready: FakeRunPod
) -> None:
    assert {unavailable(key) for key in (SPOT_KEY, ON_DEMAND_KEY)} == {RATES_NOT_READ}
    offers.refresh(person())
    assert {offer.unavailable for offer in by_key().values()} == {None}


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"TRAINER_IMAGE": ""}, NO_IMAGE),
        ({"HF_TOKEN": ""}, NO_MODEL_TOKEN),
        ({"RUNPOD_API_URL": "https://rest.example.com"}, NO_ADDRESS),
    ],
)
def test_an_offer_says_which_variable_is_missing(
    person: Make, ready: FakeRunPod, configure: Make, variables: dict[str, str], reason: str
) -> None:
    offers.refresh(person())
    configure(**variables)
    assert {unavailable(key) for key in (SPOT_KEY, ON_DEMAND_KEY)} == {reason}


def test_spot_can_be_started_only_while_its_price_was_read_lately(
    person: Make, ready: FakeRunPod, configure: Make
) -> None:
    offers.refresh(person())
    age_batches(hours=47)
    assert unavailable(SPOT_KEY) is None
    age_batches(hours=2)
    assert (unavailable(SPOT_KEY), unavailable(ON_DEMAND_KEY)) == (SPOT_NOT_READ, None)
    configure(RUNPOD_SPOT="on")
    assert unavailable(SPOT_KEY) is None


def test_spot_without_a_price_can_be_started_only_by_who_insists(
    person: Make, ready: FakeRunPod, configure: Make
) -> None:
    ready.be(faults={"graphql": ["410"]})
    offers.refresh(person())
    assert (unavailable(SPOT_KEY), unavailable(ON_DEMAND_KEY)) == (SPOT_WITHDRAWN, None)
    configure(RUNPOD_SPOT="on")
    assert unavailable(SPOT_KEY) is None


def test_where_spot_is_off_nobody_asks_and_the_offer_says_so(
    person: Make, ready: FakeRunPod, configure: Make
) -> None:
    configure(RUNPOD_SPOT="off")
    offers.refresh(person())
    assert [request["door"] for request in ready.requests] == ["rest"]
    assert (unavailable(SPOT_KEY), unavailable(ON_DEMAND_KEY)) == (SPOT_OFF, None)
    configure(RUNPOD_SPOT="auto")
    assert unavailable(SPOT_KEY) == SPOT_NOT_READ


def test_gpus_that_no_preset_fits_on_are_no_offers(person: Make, runpod: FakeRunPod) -> None:
    offers.refresh(person())
    titles = {offer.gpu_title for offer in offers.offers()}
    assert "H200 SXM 141GB" in titles
    assert not any("4090" in title for title in titles)


def test_a_key_that_was_taken_away_leaves_the_rates_and_says_so(
    person: Make, runpod: FakeRunPod, configure: Make
) -> None:
    offers.refresh(person())
    configure(RUNPOD_API_KEY="")
    spot = by_key()[SPOT_KEY]
    assert (spot.hourly_rate, spot.unavailable) == (Decimal("1.26"), NOT_CONNECTED)


def test_withdrawn_spot_says_so_and_stays_spot(person: Make, runpod: FakeRunPod) -> None:
    runpod.be(faults={"graphql": ["errors"]})
    offers.refresh(person())
    spot = by_key()[SPOT_KEY]
    assert (spot.tier, spot.hourly_rate) == (Tier.SPOT, Decimal("2.49"))
    assert (spot.source, spot.unavailable) == (RateSource.PUBLISHED, SPOT_WITHDRAWN)


@pytest.mark.parametrize("fault", ["401", "429", "500", "not json", "other form"])
def test_a_failed_refresh_keeps_the_last_good_offers_and_hides_the_key(
    person: Make, runpod: FakeRunPod, fault: str
) -> None:
    ana = person()
    offers.refresh(ana)
    age_batches(hours=2)
    before = offers.offers()
    runpod.be(faults={"rest": [fault]})

    with pytest.raises(Refusal) as told:
        offers.refresh(ana)

    assert "The rates are those read before." in str(told.value)
    assert offers.offers() == before
    with reading() as connection:
        logged = connection.execute(
            select(activity_log).where(activity_log.c.action == "offers_refreshed")
        ).all()
    assert [entry.succeeded for entry in logged] == [True, False]
    assert KEY not in str(told.value) + json.dumps([entry.details for entry in logged])


def test_pressing_the_button_twice_asks_runpod_once(person: Make, runpod: FakeRunPod) -> None:
    ana = person()
    assert offers.refresh(ana) == offers.refresh(ana)
    assert [request["door"] for request in runpod.requests] == ["rest", "graphql"]


def test_the_periodic_task_fetches_once_a_day(runpod: FakeRunPod) -> None:
    for hours, asked in ((0, 2), (23, 2), (1, 4)):
        age_batches(hours)
        offers.refresh_if_connected()
        assert len(runpod.requests) == asked


def test_the_periodic_task_does_nothing_without_a_key(runpod: FakeRunPod, configure: Make) -> None:
    configure(RUNPOD_API_KEY="")
    offers.refresh_if_connected()
    assert runpod.requests == []


def test_the_periodic_task_tells_its_error(runpod: FakeRunPod) -> None:
    runpod.be(faults={"rest": ["500"]})
    with pytest.raises(ProviderProblem, match="HTTP 500"):
        offers.refresh_if_connected()


def test_every_batch_is_kept_as_the_price_history(person: Make, runpod: FakeRunPod) -> None:
    ana = person()
    for price in (2.39, 2.5, 2.449):
        age_batches(hours=24)
        gpus = catalogue()
        gpus[1]["price"]["secure"] = price
        runpod.be(gpus=gpus)
        offers.refresh(ana)
    history = offers.price_history(offers.offer(ON_DEMAND_KEY))
    assert [row.hourly_rate for row in history] == [
        Decimal("2.39"),
        Decimal("2.50"),
        Decimal("2.45"),
    ]
    assert history[0].fetched_at < history[1].fetched_at < history[2].fetched_at
    assert [row.hourly_rate for row in offers.price_history(offers.offer(ON_DEMAND_KEY), 1)] == [
        Decimal("2.45")
    ]


def test_a_draft_on_a_gpu_that_is_gone_keeps_it_marked_and_is_priced_on_no_other(
    person: Make, draft: Make, runpod: FakeRunPod
) -> None:
    ana = person()
    offers.refresh(ana)
    h200 = "runpod/NVIDIA H200/on_demand"
    opened = draft(ana, offer_key=h200)
    age_batches(hours=24)
    runpod.be(gpus=[gpu for gpu in catalogue() if gpu["name"] != "H200 SXM"])
    offers.refresh(ana)

    assert h200 not in by_key()
    priced = assess(opened).priced
    assert (priced.offer.key, priced.offer.unavailable) == (h200, NOT_LISTED)
    assert priced.offer.hourly_rate == Decimal("3.99")
    assert offers.offer(h200) == priced.offer


@pytest.mark.parametrize("key", ["", "runpod", "runpod/x/spot", "a/b/c/d", "runpod/\x00/spot"])
def test_an_offer_that_never_was_is_refused(key: str) -> None:
    with pytest.raises(Refusal, match="no longer there"):
        offers.offer(key)


def test_all_offers_are_one_query_on_the_callers_connection(
    person: Make, runpod: FakeRunPod
) -> None:
    offers.refresh(person())
    asked: list[str] = []
    event.listen(database(), "before_cursor_execute", lambda *call: asked.append(call[2]))
    with reading() as connection:
        asked.clear()
        assert len(offers.offers(connection, keep=SPOT_KEY)) > 4
    assert len(asked) == 1


def test_usage_counts_tiers_their_success_and_what_spot_saved(
    person: Make, draft: Make, runpod: FakeRunPod
) -> None:
    ana = person()
    ended(ana, draft, Tier.SPOT, JobStatus.COMPLETED, hours="10", cost="24.90")  # at $7.99: 55.00
    ended(ana, draft, Tier.SPOT, JobStatus.FAILED, hours="1", cost="2.49")
    ended(ana, draft, Tier.ON_DEMAND, JobStatus.COMPLETED, hours="2", cost="15.98")
    ended(ana, draft, Tier.SPOT, JobStatus.COMPLETED, hours="9", cost="20.00", days_ago=91)
    ended(person(), draft, Tier.SPOT, JobStatus.COMPLETED, hours="5", cost="10.00")
    offers.refresh(ana)  # from here on the on-demand rate is known to be $2.39
    ended(ana, draft, Tier.SPOT, JobStatus.COMPLETED, hours="10", cost="12.60", days_ago=-1)

    usage = offers.tier_usage(ana, ana.id)

    assert usage.of(Tier.SPOT) == TierUsage(
        tier=Tier.SPOT,
        ended=3,
        completed=2,
        failed=1,
        spent=Decimal("39.99"),
        saved=Decimal("66.30"),  # 55.00 and 23.90 - 12.60
        comparable=2,
    )
    assert usage.of(Tier.ON_DEMAND).ended == 1
    assert usage.saved == Decimal("66.30")
    share = usage.share(Tier.SPOT)
    assert share is not None and share.percent == Decimal("75.0")


def test_usage_of_others_is_for_managers(person: Make) -> None:
    ana, bob = person(), person("manager")
    assert offers.tier_usage(bob, ana.id).tiers == ()
    with pytest.raises(NotAllowed):
        offers.tier_usage(ana, bob.id)


def ended(
    actor: Person,
    draft: Make,
    tier: Tier,
    status: JobStatus,
    *,
    hours: str,
    cost: str,
    days_ago: int = 0,
) -> None:
    """A job that was started on the H100 and has ended, as the columns say it."""
    job_id = draft(actor).job_id
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    with transaction() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no triggers
        connection.execute(
            update(training_jobs)
            .where(training_jobs.c.id == job_id)
            .values(
                status=status,
                engine="runpod",
                gpu_type="H100_PCIE_80GB",
                gpu_pricing_tier=str(tier),
                preset="balanced",
                queued_at=moment,
                ended_at=moment,
                budget_month=moment.date().replace(day=1),
                estimated_cost_max=Decimal("100.00"),
                actual_duration_hours=Decimal(hours),
                actual_cost=Decimal(cost),
            )
        )
