"""What a started job keeps of how it was chosen, by the names that FR1.1.2 and FR1.1.3 give."""

from decimal import Decimal
from typing import Any

from lib.domain.offers import ON_DEMAND_KEY, SPOT_KEY, gpu_selection, offer_configuration
from lib.domain.presets import PRESETS
from lib.engines.configuration import base_model_of
from lib.services.assessment import Assessment


def configuration_of(assessment: Assessment) -> dict[str, Any]:
    """The `configuration` of a job about to start; amounts and hours stay Decimal.

    `hyperparameters` are what is trained: the preset's own (`preset_config`) with the overrides.
    """
    draft, offer, estimate = assessment.draft, assessment.priced.offer, assessment.estimate
    assert estimate is not None
    return {
        "hyperparameters": draft.hyperparameters.to_dict(),
        "overrides": draft.to_dict()["overrides"],
        "max_steps": draft.max_steps,
        "base_model": base_model_of(offer.engine),
        "gpu_title": offer.gpu_title,
        "rate_source": str(offer.source),
        "deadline": draft.deadline and draft.deadline.isoformat(),
        "preset": {
            "preset_name": draft.preset,
            "preset_config": PRESETS[draft.preset].hyperparameters.to_dict(),
            "estimated_duration_hours": estimate.duration_hours,
            "estimated_cost_spot": _total(assessment, SPOT_KEY),
            "estimated_cost_ondemand": _total(assessment, ON_DEMAND_KEY),
        },
        "gpu": {
            **offer_configuration(offer),
            **gpu_selection(
                offer,
                estimated_cost=estimate.total,
                interruption_rate=assessment.history.interruption_rate().rate,
            ),
        },
    }


def _total(assessment: Assessment, offer_key: str) -> Decimal | None:
    """What the job would cost on that offer; None where it is not offered."""
    priced = assessment.of(offer_key)
    return priced.estimate.total if priced and priced.estimate else None
