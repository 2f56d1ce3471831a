"""What the Accuracy page shows of estimates and of what they learn from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import Row

from lib.domain.accuracy import ComparedJob, by_place_and_preset, group
from lib.domain.calibration import Calibration, Known
from lib.domain.effects import Effect, effects, factor_text
from lib.domain.presets import PRESETS
from lib.services.calibration import (
    CARD_CONVERSATIONS,
    CARD_PAIRS,
    Overview,
    card_evidence,
    card_workload,
)
from lib.services.offers import offers
from lib.settings import settings
from lib.ui import wizard
from lib.ui.csv_table import table_with_csv
from lib.ui.moments import date_and_time
from lib.ui.text import plain, safe

_CARD_PRESET = "balanced"  # the one whose two published figures are held side by side


def tiles(jobs: Sequence[ComparedJob]) -> None:
    """All finished jobs in four figures."""
    everything = group("", "", jobs)
    wizard.facts(
        [
            ("Finished jobs", f"{everything.jobs:,}", "whose estimate can be held against it"),
            ("Within ±15 %", _percent(everything.inside), "of finished jobs"),
            ("Median error", _percent(everything.median), "half of the jobs were nearer"),
            ("90th percentile", _percent(everything.p90), "nine in ten were nearer"),
        ]
    )


def group_table(jobs: Sequence[ComparedJob]) -> None:
    """Coverage of the band and errors by engine and preset."""
    groups = by_place_and_preset(jobs)
    frame = pd.DataFrame(
        {
            "Runs on": [one.place for one in groups],
            "Preset": [PRESETS[one.preset].title for one in groups],
            "Jobs": [one.jobs for one in groups],
            "Within ±15 %": [100 * one.inside for one in groups],
            "Median error": [100 * one.median for one in groups],
            "90th percentile": [100 * one.p90 for one in groups],
            "Took longer by": [100 * one.bias for one in groups],
        }
    )
    table_with_csv(
        "accuracy-groups",
        frame,
        row_height=38,
        column_config={
            "Runs on": st.column_config.TextColumn(width=190),
            "Within ±15 %": _share("Jobs that took 85 % to 115 % of their estimate"),
            "Median error": _share("Half of the jobs were nearer to their estimate"),
            "90th percentile": _share("Nine in ten jobs were nearer to their estimate"),
            "Took longer by": _share("The median, with its sign: below zero, jobs were shorter"),
        },
    )


def in_use(seen: Overview) -> None:
    """The active version in words, and what each preset takes now and took before."""
    fit = seen.active
    if fit and not seen.fits[0].adopted:
        newest = seen.fits[0]
        st.caption(f"Last fit, revision {newest.revision}: {plain(newest.reason)}")
    if fit is None:
        st.write(
            "**The published formula**, as it is: nothing has been learned yet. "
            + _waiting(seen.runs, seen.may_refit)
        )
        return
    calibration = Calibration.from_dict(fit.model)
    basis = [_runs(fit.runs)]
    if calibration.published:
        basis.append(f"{calibration.published} published durations")
    st.write(
        f"**Revision {fit.revision}**, in use since {date_and_time(fit.fitted_at)}. It has learned "
        f"from {' and '.join(basis)}. {_tested(fit)}"
    )
    before = next((one for one in seen.fits if one.revision == fit.back_test["against"]), None)
    _effects_table(
        effects(calibration), effects(Calibration.from_dict(before.model)) if before else []
    )


def fits_table(fits: Sequence[Row]) -> None:
    """Every fit, with who asked for it and what became of it."""
    frame = pd.DataFrame(
        {
            "Revision": [fit.revision for fit in fits],
            "Fitted": [fit.fitted_at for fit in fits],
            "Runs": [fit.runs for fit in fits],
            "In use": [_became(fit, fits) for fit in fits],
            "Median error": [_median(fit) for fit in fits],
            "By": [fit.fitted_by_name or "periodic refit" for fit in fits],
            "Reason": [fit.reason for fit in fits],
        }
    )
    table_with_csv(
        "fits",
        frame,
        placeholder="–",
        height="content" if len(fits) <= 8 else 318,
        column_config={
            "Revision": st.column_config.NumberColumn(width=80),
            "Fitted": st.column_config.DatetimeColumn(
                width=130, format="D MMM, HH:mm", timezone=settings().billing_time_zone
            ),
            "Median error": _share("On runs that this fit had not seen"),
            "Reason": st.column_config.TextColumn(width=620),
        },
    )


def cards_text(seen: Overview) -> str:
    """The published contradiction in figures, and what would settle it; markdown."""
    preset = PRESETS[_CARD_PRESET]
    least, most = preset.typical.hours
    formula = card_workload(_CARD_PRESET).published_hours
    text = (
        f"Two published figures disagree. For {CARD_CONVERSATIONS} conversations and "
        f"{CARD_PAIRS:,} pairs with {preset.title}, the formula gives **{formula:,.0f} h** and the "
        f"preset's card says **{least} to {most} h**."
    )
    known = _known_of_cards(seen.active)
    if known.runs:
        return (
            f"{text} {_runs(known.runs)} on that GPU settled it: estimates there follow what was "
            "measured, and the cards count for little."
        )
    text += " One finished run on that GPU would settle it."
    if seen.cards:
        when = date_and_time(datetime.fromisoformat(seen.cards["at"]))
        return (
            f"{text} Until then estimates there follow the cards: {plain(seen.cards['name'])} "
            f"adopted them on {when}."
        )
    return f"{text} Until then estimates follow the formula, unless an admin adopts the cards."


def _known_of_cards(fit: Row | None) -> Known:
    """What the version in use knows of the GPU and base model that the cards are about."""
    place = card_evidence()[0].place
    model = Calibration.from_dict(fit.model).model(place.engine, place.gpu) if fit else None
    return model.known.get(place.base_model, Known()) if model else Known()


def _tested(fit: Row) -> str:
    """The back-test of the version in use, beside the published formula on the same runs."""
    candidate, published = fit.back_test["candidate"], fit.back_test["published"]
    if not candidate or not candidate["spread"]:
        return "Too few runs have finished to test it."
    spread = candidate["spread"]
    return (
        f"On {spread['runs']} runs, each predicted without itself, its median error is "
        f"**{_percent(spread['median'])}**, the 90th percentile {_percent(spread['p90'])}, and "
        f"{_percent(spread['inside'])} lie within ±15 %. The published formula on the same runs: "
        f"off by {_percent(published['mean'])} on average."
    )


def _effects_table(now: Sequence[Effect], before: Sequence[Effect]) -> None:
    """A row for each preset and place: of the published time now, before, and start-up."""
    titles = {offer.gpu: offer.gpu_title for offer in offers()}
    past = {effect.key: factor_text(effect.factor) for effect in before}
    rows = "".join(
        f"<tr><th scope=row>{safe(PRESETS[effect.preset].title)}"
        f"<small>{safe(titles.get(effect.gpu, effect.gpu))} · "
        f"{safe(_base_title(effect.base_model))}</small></th>"
        f"<td>{safe(factor_text(effect.factor))} the published time</td>"
        f"<td>{safe(past.get(effect.key, '–'))}</td>"
        f"<td>{_seconds(effect.seconds_per_pair)}</td>"
        f"<td>{_seconds(effect.startup_seconds)}</td></tr>"
        for effect in now
    )
    heads = ("Takes", "Before", "A pair and epoch", "Start-up")
    st.html(
        '<div class="learned"><table class="rows compared"><thead><tr><td></td>'
        + "".join(f"<th scope=col>{head}</th>" for head in heads)
        + f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _waiting(runs: int, may_refit: bool) -> str:
    who = f"{_runs(runs)} will be" if runs else "The first finished run is"
    button = ", or at once with *Refit now*" if may_refit else ""
    return f"{who} learned from within a day{button}."


def _runs(count: int) -> str:
    return f"{count:,} finished run{'s' if count != 1 else ''}"


def _became(fit: Row, fits: Sequence[Row]) -> str:
    adopted = [one.revision for one in fits if one.adopted]
    if not fit.adopted:
        return "no"
    return "now" if fit.revision == adopted[0] else "earlier"


def _median(fit: Row) -> float | None:
    candidate = fit.back_test["candidate"]
    return 100 * candidate["spread"]["median"] if candidate and candidate["spread"] else None


def _base_title(base_model: str) -> str:
    """A base model may be a folder; its name says enough."""
    return base_model.rstrip("/").rsplit("/", 1)[-1] if base_model.startswith("/") else base_model


def _seconds(seconds: float) -> str:
    if seconds == 0:
        return "–"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2g} s"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _share(explained: str) -> Any:
    return st.column_config.NumberColumn(width=105, format="%.1f %%", help=explained)
