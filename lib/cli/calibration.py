"""calibration show, refit, adopt-cards, withdraw-cards: what estimates learn from finished runs."""

import argparse
from typing import Any

from sqlalchemy import Row

from lib.cli.output import Output, record, table
from lib.db.connection import migrate
from lib.domain.calibration import Calibration
from lib.domain.effects import Effect, effects, factor_text
from lib.services import accounts, calibration

_FIT = ("revision", "fitted_at", "runs", "adopted", "reason")


def show(_options: argparse.Namespace) -> Output:
    """The version in use with its back-test and effects, and all fits."""
    migrate()
    seen = calibration.overview(accounts.operator())
    in_use = effects(Calibration.from_dict(seen.active.model)) if seen.active else []
    data = {
        "active": {**_fit(seen.active), "back_test": _tested(seen.active)} if seen.active else None,
        "effects": [_effect(effect) for effect in in_use],
        "runs": seen.runs,
        "card_durations": seen.cards,
        "fits": [_fit(fit) for fit in seen.fits],
    }
    cards = f"adopted by {seen.cards['name']} on {seen.cards['at'][:10]}" if seen.cards else "no"
    facts = {
        "in use": f"revision {seen.active.revision}" if seen.active else "the published formula",
        "finished runs": seen.runs,
        "card durations": cards,
    }
    rows = [
        (effect.gpu, effect.base_model, effect.preset, factor_text(effect.factor).strip())
        for effect in in_use
    ]
    learned = table(
        ("GPU", "BASE", "PRESET", "OF THE PUBLISHED TIME"), rows, "Nothing learned yet."
    )
    fits = table(
        ("REVISION", "RUNS", "ADOPTED", "REASON"),
        [(fit.revision, fit.runs, "yes" if fit.adopted else "no", fit.reason) for fit in seen.fits],
        "No fit yet.",
    )
    return Output(data, "\n\n".join((record(facts), learned, fits)))


def refit(_options: argparse.Namespace) -> Output:
    """Fits all finished runs anew; the result is used where it predicts no worse."""
    migrate()
    return _fitted(calibration.refit(accounts.operator()))


def adopt_cards(_options: argparse.Namespace) -> Output:
    """Takes the published card durations for evidence until real runs outweigh them."""
    migrate()
    return _fitted(calibration.adopt_cards(accounts.operator()))


def withdraw_cards(_options: argparse.Namespace) -> Output:
    """Drops the published card durations again."""
    migrate()
    return _fitted(calibration.withdraw_cards(accounts.operator()))


def _fitted(row: Row) -> Output:
    data = {**_fit(row), "back_test": _tested(row)}
    return Output(data, f"Revision {row.revision}, {row.runs} finished runs. {row.reason}")


def _fit(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _FIT}


def _tested(row: Row) -> dict[str, Any]:
    """The back-test without the single runs."""
    return {name: value for name, value in row.back_test.items() if name != "left_out"}


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "engine": effect.engine,
        "gpu": effect.gpu,
        "base_model": effect.base_model,
        "preset": effect.preset,
        "factor": effect.factor,
        "seconds_per_pair": effect.seconds_per_pair,
        "startup_seconds": effect.startup_seconds,
    }
