"""What usage says: shares, success, and how sure one can be of it."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lib.domain.history import Share
from lib.domain.offers import Tier
from lib.domain.usage import TierUsage, Usage, confidence_interval


def test_shares_are_of_rented_jobs_and_add_up() -> None:
    usage = Usage(
        (
            TierUsage(Tier.SPOT, ended=3, completed=2, failed=1, saved=Decimal("20.50")),
            TierUsage(Tier.ON_DEMAND, ended=1, completed=0, failed=0),
            TierUsage(Tier.LOCAL, ended=6, completed=6, failed=0),
        )
    )
    assert usage.share(Tier.SPOT) == Share(3, 4)
    assert usage.share(Tier.ON_DEMAND) == Share(1, 4)
    assert usage.saved == Decimal("20.50")
    spot, rented, _ = usage.tiers
    assert spot.success == Share(2, 3)
    assert rented.success is None


def test_without_rented_jobs_there_is_no_share() -> None:
    assert Usage().share(Tier.SPOT) is None
    assert Usage((TierUsage(Tier.LOCAL, 1, 1, 0),)).share(Tier.SPOT) is None


def test_few_jobs_say_little_however_many_of_them_went_well() -> None:
    assert confidence_interval(Share(21, 22)) == (Decimal("78.2"), Decimal("99.2"))
    assert confidence_interval(Share(1, 1)) == (Decimal("20.7"), Decimal("100.0"))
    assert confidence_interval(Share(950, 1000)) == (Decimal("93.5"), Decimal("96.2"))


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_what_was_seen_within_0_and_100(counts) -> None:
    share = Share(*counts)
    low, high = confidence_interval(share)
    assert 0 <= low <= share.percent <= high <= 100
