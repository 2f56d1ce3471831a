"""The parts of the team page that are about how jobs run: presets and GPUs, estimates, reviews."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import streamlit as st

from lib.domain.accuracy import BAND
from lib.domain.history import Share
from lib.domain.money import usd
from lib.domain.offers import TIER_TITLES, Tier
from lib.domain.people import Person
from lib.domain.presets import PRESETS
from lib.domain.team_insight import Figures
from lib.domain.usage import TierUsage
from lib.services.offers import offers
from lib.services.team_insight import Report
from lib.ui import team_charts, wizard
from lib.ui.moments import span
from lib.ui.offer_words import NO_HISTORY
from lib.ui.tables import dollars, money_column
from lib.ui.team_charts import STILL
from lib.ui.team_tables import percent, percent_column, table

_RUNS: dict[str, Any] = {
    "Runs": lambda one: one.jobs,
    "Success": lambda one: percent(one.success),
    "Completed": lambda one: one.completed,
    "Failed": lambda one: one.failed,
    "Cost": lambda one: dollars(one.cost),
    "Hours": lambda one: round(float(one.hours), 1),
}
_RUN_COLUMNS: dict[str, Any] = {
    "Success": percent_column("Completed, of those completed or failed"),
    "Cost": money_column("What they have cost so far"),
    "Hours": st.column_config.NumberColumn(
        width=100, format="localized", help="Of jobs that ended"
    ),
}
_VARIANCE: dict[str, Any] = {
    "Compared": lambda one: one.compared,
    "Within range": lambda one: percent(one.inside_share),
    "Mean error": lambda one: _hundred(one.mean_error),
    "Estimated": lambda one: dollars(one.estimated),
    "Actual": lambda one: dollars(one.actual),
    "Cost more by": lambda one: _hundred(one.difference),
}
_VARIANCES: dict[str, Any] = {
    "Within range": percent_column("Ended within the range that was stated for them"),
    "Mean error": percent_column("How far actual was from estimated on average, either way"),
    "Estimated": money_column("Of the compared jobs together"),
    "Actual": money_column("Of the compared jobs together"),
    "Cost more by": percent_column(
        "Below zero, jobs cost less than estimated; free ones have none"
    ),
}


def presets_and_gpus(report: Report) -> None:
    """Runs, success, cost and hours by preset and by GPU; on demand, savings, interruptions."""
    st.subheader("Presets", anchor=False)
    months = [one.month for one in report.months if one.month]
    if len(months) > 1:
        st.plotly_chart(
            team_charts.success_chart(report.preset_months, months),
            key="team-success",
            config=STILL,
            alt="Success of each preset by month",
        )
    table("presets", report.presets, {"Preset": _preset, **_RUNS}, _RUN_COLUMNS)
    st.subheader("GPUs", anchor=False)
    usage = report.usage
    compared = f"{usage.comparable:,} completed job{'' if usage.comparable == 1 else 's'}"
    wizard.facts(
        [
            ("On demand", *_figure(usage.share(Tier.ON_DEMAND), "ended rented jobs")),
            ("On-demand success", *_figure(_success(usage.of(Tier.ON_DEMAND)), "completed")),
            ("Spot success", *_figure(_success(usage.of(Tier.SPOT)), "completed")),
            ("Interrupted on spot", *_figure(report.spot_interruptions, "spot jobs")),
            (
                "Saved by spot",
                usd(usage.saved) if usage.comparable else "–",
                f"against the on-demand rate of the time, {compared}"
                if usage.comparable
                else NO_HISTORY,
            ),
        ]
    )
    titles = {offer.gpu: offer.gpu_title for offer in offers()}
    columns = {
        "GPU": lambda one: titles.get(one.gpu, one.gpu),
        "Tier": lambda one: TIER_TITLES[Tier(one.tier)],
        **_RUNS,
        "Interrupted": lambda one: percent(one.interruptions),
    }
    table(
        "gpus",
        report.places,
        columns,
        {**_RUN_COLUMNS, "Interrupted": percent_column("Jobs that had to recover at least once")},
    )


def estimates(report: Report, people: Mapping[UUID, Person]) -> None:
    """Estimated against actual, by preset and by person."""
    st.subheader("Estimated against actual", anchor=False)
    total = report.total
    if not total.compared:
        st.write(f"No job of this period has been completed: {NO_HISTORY}.")
        return
    wizard.facts(
        [
            ("Within the range", *_figure(total.inside_share, "completed jobs")),
            ("Typical error", f"{_hundred(total.mean_error):.1f} %", "on average, either way"),
            ("Estimated", usd(total.estimated), "completed jobs together"),
            ("Actual", usd(total.actual), _against(total)),
        ]
    )
    if total.estimated:
        st.plotly_chart(
            team_charts.estimate_chart(report.presets),
            key="team-estimates",
            config=STILL,
            alt="Estimated and actual cost of completed jobs by preset",
        )
    for key, title, rows, name in (
        ("variance-presets", "Preset", report.presets, _preset),
        ("variance-people", "Person", report.people, lambda one: people[one.person_id].name),
    ):
        table(key, [one for one in rows if one.compared], {title: name, **_VARIANCE}, _VARIANCES)
    st.caption(
        f"A job is within the range where it cost what its estimate said, ±{BAND:.0%}. Free and "
        "very cheap jobs are compared by their hours. Accuracy has what estimates learn from it."
    )


def review(report: Report) -> None:
    """How the final review was used (FR1.3.2)."""
    seen = report.review
    st.subheader("The final review", anchor=False)
    if not seen.views:
        st.write("No visits yet: nobody has opened the final review in this period.")
        return
    median = span(seen.median_seconds) if seen.median_seconds is not None else "–"
    wizard.facts(
        [
            ("Views", f"{seen.views:,}", f"{seen.abandoned:,} left without a decision"),
            ("Median time", median, seen.pace),
            ("All boxes ticked", *_figure(seen.all_ticked, "ended visits")),
            ("Started", *_figure(seen.share(seen.started), "visits")),
            ("Went back to edit", *_figure(seen.share(seen.edited), "visits")),
            ("Cancelled", *_figure(seen.share(seen.cancelled), "visits")),
        ]
    )
    st.caption(
        "Many who go back to edit show that the configuration leaves doubts. Visits that are still "
        "open are in no share."
    )
    table(
        "review",
        list(enumerate(seen.ticked)),
        {
            "Boxes ticked": lambda row: row[0],
            "Ended visits": lambda row: row[1],
            "Share": lambda row: percent(seen.ticked_share(row[0])),
        },
        {"Share": percent_column("Of the visits that have ended")},
    )


def _preset(one: Figures) -> str:
    preset = PRESETS.get(one.preset or "")
    return preset.title if preset else one.preset or ""


def _success(used: TierUsage | None) -> Share | None:
    return used.success if used else None


def _figure(share: Share | None, of: str) -> tuple[str, str]:
    return (share.text, f"{share.count:,} of {share.of:,} {of}") if share else ("–", NO_HISTORY)


def _against(total: Figures) -> str:
    """`5.2 % less than estimated`, or that there is nothing to compare."""
    if total.difference is None:
        return "all of them were free"
    side = "more" if total.difference > 0 else "less"
    return f"{abs(100 * total.difference):.1f} % {side} than estimated"


def _hundred(share: Decimal | None) -> float | None:
    """A share of 1 as a percentage for the grid."""
    return None if share is None else float(100 * share)
