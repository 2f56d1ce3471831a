"""A calibration in plain words: what each preset takes of the published time, and the start-up."""

import math
from dataclasses import dataclass

from lib.domain.calibration import Calibration, PlaceModel, base_feature, preset_feature
from lib.domain.presets import PRESETS


@dataclass(frozen=True)
class Effect:
    """One preset on one GPU with one base model, for files of the usual size there.

    `factor` is training time over published time; `seconds_per_pair` is what the formula's constant
    would have to be, and `startup_seconds` comes on top of it.
    """

    engine: str
    gpu: str
    base_model: str
    preset: str
    factor: float
    startup_seconds: float

    @property
    def seconds_per_pair(self) -> float:
        return self.factor * PRESETS[self.preset].seconds_per_pair

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.engine, self.gpu, self.base_model, self.preset

    @property
    def text(self) -> str:
        """`Aggressive takes 1.3 × the published time`."""
        return f"{PRESETS[self.preset].title} takes {factor_text(self.factor)} the published time"


def effects(calibration: Calibration) -> list[Effect]:
    """One for each preset and base model that a place has evidence of, in the presets' order."""
    return [
        Effect(
            place.engine,
            place.gpu,
            base_model,
            preset,
            math.exp(min(700, _effect(place, base_model, preset))),
            place.startup_hours * 3600,
        )
        for place in calibration.places
        for base_model in place.known
        for preset in PRESETS
        if preset_feature(preset) in place.effects
    ]


def factor_text(factor: float) -> str:
    """`1.3 ×`, and for a small factor `1/19,000 of`."""
    if factor >= 0.1:
        return f"{factor:.2g} ×" if factor < 100 else f"{factor:,.0f} ×"
    whole = 1 / max(factor, 1e-12)
    digits = math.floor(math.log10(whole)) - 1  # two of them tell as much as is known
    return f"1/{round(whole, -digits):,.0f} of"


def _effect(place: PlaceModel, base_model: str, preset: str) -> float:
    return (
        place.level
        + place.effects.get(base_feature(base_model), 0.0)
        + place.effects[preset_feature(preset)]
    )
