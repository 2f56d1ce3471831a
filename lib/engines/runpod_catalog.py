"""RunPod's catalogue: what its GPUs cost, on demand and on spot, and how many are free.

On-demand prices and stock come from REST v2 (`GET /v2/catalog/gpus`), which knows no spot; the
spot price comes from GraphQL (`lowestPrice.minimumBidPrice`), the only place that has one. RunPod
is withdrawing spot, so its absence is an answer, not an error.

What RunPod writes is never repeated in a message: it might repeat the key.
"""

from collections.abc import Container, Mapping
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator

from lib.domain.money import CENT, LARGEST_AMOUNT
from lib.domain.offers import (
    H100_PCIE,
    H100_PCIE_TITLE,
    NOT_LISTED,
    RUNPOD_ENGINE,
    SPOT_NOT_READ,
    SPOT_WITHDRAWN,
    Offer,
    RateSource,
    Stock,
    Tier,
    published_offer,
)
from lib.engines.errors import ProviderProblem
from lib.engines.runpod_answers import TIMEOUT, open_http, read_json

H100_PCIE_ID = "NVIDIA H100 PCIe"  # the SXM card is "NVIDIA H100 80GB HBM3"
CATALOG = "/v2/catalog/gpus"
_ASKED = {"include": "AVAILABILITY", "product": "POD", "count": "1", "cloud": "SECURE"}
_SPOT_QUERY = """
query SpotPrices($of: GpuLowestPriceInput!) {
  gpuTypes { id lowestPrice(input: $of) { minimumBidPrice stockStatus } }
}
"""
#: HTTP answers to the spot question that mean no rather than not now.
_SPOT_REFUSED = frozenset({400, 401, 403, 404, 410})


_PRINTED = r"^[^\x00-\x1f\x7f]+$"
Model = TypeVar("Model", bound=BaseModel)


class _Price(BaseModel):
    secure: Decimal | None = None


class _Gpu(BaseModel):
    """One GPU type of the catalogue; fields that we do not know are ignored."""

    id: str = Field(max_length=100, pattern=_PRINTED)
    name: str = Field(max_length=100, pattern=_PRINTED)
    memory: int = Field(gt=0, le=100_000)
    secure: bool
    price: _Price = _Price()
    availability: Stock | None = None

    @field_validator("availability", mode="before")
    @classmethod
    def _known_level(cls, level: Any) -> Stock | None:
        return _stock(level)

    @property
    def names(self) -> tuple[str, str]:
        """Our name for it and its title."""
        if self.id == H100_PCIE_ID:
            return H100_PCIE, H100_PCIE_TITLE
        memory = f"{self.memory}GB"
        return self.id, self.name if memory in self.name else f"{self.name} {memory}"

    def offer(self, tier: Tier, rate: Decimal, stock: Stock | None, now: datetime) -> Offer:
        gpu, title = self.names
        return Offer(
            engine=RUNPOD_ENGINE,
            gpu=gpu,
            gpu_title=title,
            tier=tier,
            hourly_rate=rate,
            source=RateSource.PROVIDER,
            vram_gb=self.memory,
            fetched_at=now,
            stock=stock,
        )


class _Bid(BaseModel):
    minimumBidPrice: Decimal | None = None
    stockStatus: str | None = None


class _SpotPrice(BaseModel):
    id: str
    lowestPrice: _Bid | None = None


def gpu_id(gpu: str) -> str:
    """RunPod's id of what an offer calls `gpu`."""
    return H100_PCIE_ID if gpu == H100_PCIE else gpu


def fetch_offers(
    key: SecretStr,
    *,
    api_url: str,
    graphql_url: str,
    now: datetime,
    spot: bool = True,
    timeout: httpx.Timeout = TIMEOUT,
) -> list[Offer]:
    """What RunPod offers now in its secure cloud, by GPU; rates are rounded up to the cent.

    The H100 of FR1.1.3 is always among them, on both tiers: where RunPod does not offer one, it is
    there at its published rate with the reason in `unavailable`. A GPU whose price is of no use is
    left out. Raises ProviderProblem where RunPod does not answer, refuses the key, or has no usable
    price for a listed H100; also where spot could not be asked about for a passing reason. Without
    `spot` nobody asks about it.
    """
    with open_http(key, timeout) as client:
        gpus = _gpus(_answer(client.build_request("GET", api_url + CATALOG, params=_ASKED), client))
        bids = _bids(client, graphql_url) if spot else {}
    offers: list[Offer] = []
    for gpu in gpus:
        rate = _rate(gpu.price.secure)
        if rate is not None:
            offers.append(gpu.offer(Tier.ON_DEMAND, rate, gpu.availability, now))
        elif gpu.id == H100_PCIE_ID:
            raise ProviderProblem(
                f"RunPod's catalogue has no usable price for the {H100_PCIE_TITLE}."
            )
        bid = bids.get(gpu.id)
        bid_rate = _rate(bid.minimumBidPrice) if bid else None
        if bid and bid_rate is not None:
            offers.append(gpu.offer(Tier.SPOT, bid_rate, _stock(bid.stockStatus), now))
    if not offers:
        raise ProviderProblem("RunPod's catalogue lists no GPU that could be rented.")
    each = {offer.key: offer for offer in offers}  # whatever is listed twice counts once
    no_spot = SPOT_WITHDRAWN if spot else SPOT_NOT_READ
    listed = [*_published_for_the_missing(each, no_spot), *each.values()]
    return sorted(
        listed, key=lambda offer: (offer.gpu != H100_PCIE, offer.gpu_title, offer.hourly_rate)
    )


def _published_for_the_missing(found: Container[str], no_spot: str) -> list[Offer]:
    reasons = {Tier.SPOT: no_spot, Tier.ON_DEMAND: NOT_LISTED}
    published = (published_offer(tier, reason) for tier, reason in reasons.items())
    return [offer for offer in published if offer.key not in found]


def _gpus(answer: Any) -> list[_Gpu]:
    """The entries that can be rented; one that cannot be read costs only itself."""
    listed = answer.get("gpus") if isinstance(answer, Mapping) else None
    if not isinstance(listed, list):
        raise ProviderProblem("RunPod's catalogue has another form than expected.")
    gpus = [gpu for entry in listed if (gpu := _read(_Gpu, entry)) is not None and gpu.secure]
    unread_h100 = any(
        isinstance(entry, Mapping) and entry.get("id") == H100_PCIE_ID and not _read(_Gpu, entry)
        for entry in listed
    )
    if unread_h100:
        raise ProviderProblem(f"RunPod's entry for the {H100_PCIE_TITLE} cannot be read.")
    return gpus


def _bids(client: httpx.Client, address: str) -> dict[str, _Bid]:
    """Spot prices by RunPod's GPU id; none where RunPod refuses the question."""
    question = {
        "query": _SPOT_QUERY,
        "variables": {"of": {"gpuCount": 1, "secureCloud": True}},
    }
    request = client.build_request("POST", address, json=question)
    answer = _answer(request, client, no_answer=_SPOT_REFUSED)
    data = answer.get("data") if isinstance(answer, Mapping) else None
    listed = data.get("gpuTypes") if isinstance(data, Mapping) else None
    if not isinstance(listed, list):  # GraphQL answers 200 with errors inside
        return {}
    prices = [price for entry in listed if (price := _read(_SpotPrice, entry)) is not None]
    return {price.id: price.lowestPrice for price in prices if price.lowestPrice is not None}


def _answer(
    request: httpx.Request, client: httpx.Client, no_answer: frozenset[int] = frozenset()
) -> Any:
    """The JSON of an answer, its numbers exact; None for a status in `no_answer`."""
    try:
        response = client.send(request)
    except httpx.TimeoutException:
        raise ProviderProblem("RunPod did not answer in time.") from None
    except httpx.HTTPError as error:
        raise ProviderProblem(f"RunPod cannot be reached ({type(error).__name__}).") from None
    if response.status_code in no_answer:
        return None
    if response.status_code != httpx.codes.OK:
        raise ProviderProblem(_refusal(response))
    return read_json(response)


def _refusal(response: httpx.Response) -> str:
    status = response.status_code
    if status == httpx.codes.UNAUTHORIZED:
        return "RunPod does not accept the key in RUNPOD_API_KEY (HTTP 401)."
    if status == httpx.codes.FORBIDDEN:
        return "The key in RUNPOD_API_KEY may not read RunPod's catalogue (HTTP 403)."
    if status == httpx.codes.TOO_MANY_REQUESTS:
        wait = response.headers.get("Retry-After", "")
        again = f"in {wait} seconds" if wait.isascii() and wait.isdigit() else "later"
        return f"RunPod asks to be asked again {again} (HTTP 429)."
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return f"RunPod has a problem of its own at the moment (HTTP {status})."
    return f"RunPod refused the question (HTTP {status})."


def _read(model: type[Model], entry: Any) -> Model | None:
    try:
        return model.model_validate(entry)
    except ValidationError:
        return None


def _rate(price: Decimal | None) -> Decimal | None:
    """Dollars an hour, rounded up to the cent; None for what is no price."""
    if price is None or not price.is_finite() or not 0 < price <= LARGEST_AMOUNT:
        return None
    return price.quantize(CENT, rounding=ROUND_CEILING)


def _stock(level: Any) -> Stock | None:
    """REST says LOW, GraphQL says Low; a level that we do not know is no level."""
    known = level.upper() if isinstance(level, str) else None
    return next((stock for stock in Stock if stock == known), None)
