"""The list of jobs (FR1.3.1): what matches is marked, jobs are chosen by checkbox and keyboard.

Streamlit's own table draws on a canvas, where neither marked words nor links to a tag's jobs can
stand. This is a table as browsers and screen readers know it.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.job_search_marks import Match, Piece
from lib.domain.money import usd
from lib.domain.offers import TIER_TITLES, Tier
from lib.domain.presets import PRESETS
from lib.domain.states import ACTIVE, JobStatus
from lib.services.job_search import Result
from lib.ui.moments import date_and_time, local, span
from lib.ui.status import pill
from lib.ui.tag_pills import pills
from lib.ui.text import safe

_JS = Path(__file__).with_suffix(".js").read_text("utf-8")
# Not in a shadow root: the rows use the app's own pills and colours.
_component = st.components.v2.component("job_list", js=_JS, isolate_styles=False)
_COLUMNS = ("Job", "Status", "Runs on", "Cost", "Created")
_QUOTED = ("description", "notes")  # fields of which the list shows nothing but matches


def job_list(
    key: str,
    results: Sequence[Result],
    places: Mapping[str, str],
    chosen: Sequence[UUID],
    *,
    page: str,
    creators: bool,
    on_choose: Callable[[list[UUID]], None],
    on_open: Callable[[UUID], None],
    on_tag: Callable[[str], None],
) -> None:
    """Draws the jobs; `places` are offer titles by key, `creators` whether whose they are counts,
    `page` names what is listed: where it changes, the list is shown from its top.

    `on_choose` gets the chosen ones among the listed, `on_open` the job whose name was clicked,
    `on_tag` a tag. They are called before the page is drawn anew; ids that are not listed never
    reach them.
    """
    listed = {str(result.job.id): result.job.id for result in results}
    answered = f"{key}-answered"  # the last choice that was answered, as in radio_cards.py

    def chose() -> None:
        choice = st.session_state[key].chosen
        st.session_state[answered] = choice["turn"]
        on_choose([listed[one] for one in choice["ids"] if one in listed])

    def opened() -> None:
        if (job_id := listed.get(st.session_state[key].opened["id"])) is not None:
            on_open(job_id)

    _component(
        key=key,
        data={
            "id": key,
            "page": page,
            "columns": [*_COLUMNS, *(["Creator"] if creators else [])],
            "rows": [_row(result, places, creators=creators) for result in results],
            "chosen": [str(one) for one in chosen if str(one) in listed],
            "answered": st.session_state.get(answered, 0),
        },
        on_chosen_change=chose,
        on_opened_change=opened,
        on_tagged_change=lambda: on_tag(st.session_state[key].tagged["tag"]),
    )


def _row(result: Result, places: Mapping[str, str], *, creators: bool) -> dict[str, object]:
    job = result.job
    cells = [
        _job(result),
        _status(job),
        _runs_on(job, places),
        _cost(job),
        f'<span title="{date_and_time(job.created_at)}">{local(job.created_at):%d %b %Y}</span>'
        f"<small>{local(job.created_at):%H:%M}</small>",
    ]
    if creators:
        cells.append(safe(job.creator_name))
    return {"id": str(job.id), "name": job.name, "cells": cells}


def _job(result: Result) -> str:
    """The name as a link, what it is for, its tags, and where else the search was found."""
    job, matches = result.job, result.matches
    draft = job.status == JobStatus.PENDING_CONFIGURATION
    name = _marked(matches["name"].pieces) if "name" in matches else safe(job.name)
    around = [
        _marked(matches[field].pieces) if field in matches else safe(text)
        for field, text in (("client", job.client_name), ("project", job.project_name))
        if text
    ]
    parts = [
        f'<a class="job-name" target="_self" href="/{"preset" if draft else "job"}?job={job.id}">'
        f"{name}</a>",
        f"<small>{' → '.join(around)}</small>" if around else "",
        _tags(result),
        *(_quoted(matches[field]) for field in _QUOTED if field in matches),
    ]
    if "file" in matches:
        parts.append(f"<small>File {_marked(matches['file'].pieces)}</small>")
    counts = " · ".join(match.words for match in matches.values())
    parts.append(f'<small class="job-matches">{counts}</small>' if counts else "")
    return "".join(parts)


def _tags(result: Result) -> str:
    """The tags as pills, those that match marked."""
    if "tags" not in result.matches:
        return pills(result.job.tags)
    found = [piece.text for piece in result.matches["tags"].pieces if piece.marked]
    return "".join(
        f"<mark>{pills([tag])}</mark>" if any(text in tag for text in found) else pills([tag])
        for tag in result.job.tags
    )


def _quoted(match: Match) -> str:
    return f'<q class="job-match">{_marked(match.pieces)}</q>'


def _marked(pieces: Sequence[Piece]) -> str:
    return "".join(
        f"<mark>{safe(piece.text)}</mark>" if piece.marked else safe(piece.text) for piece in pieces
    )


def _status(job: Row) -> str:
    status = JobStatus(job.status)
    progress = job.percent if status in ACTIVE else None
    far = f'<small class="num">{progress:.0f} %</small>' if progress is not None else ""
    return pill(status) + far


def _runs_on(job: Row, places: Mapping[str, str]) -> str:
    """The preset, and the GPU that the job was started on or its draft has chosen."""
    preset = PRESETS.get(job.preset or job.draft_preset or "")
    if job.queued_at is None:
        place = places.get(job.offer_key or "", "")
    else:
        tier = TIER_TITLES.get(Tier(job.gpu_pricing_tier)) if job.gpu_pricing_tier else None
        place = ", ".join(filter(None, (job.gpu_title or job.gpu_type, tier)))
    return f"{safe(preset.title) if preset else ''}<small>{safe(place)}</small>"


def _cost(job: Row) -> str:
    """What it has cost and how long it took; until then, what was estimated."""
    if job.queued_at is None:
        return "–"
    hours = job.actual_duration_hours if job.ended_at else job.estimated_duration_hours
    time = span(float(hours) * 3600) if hours is not None else ""
    if job.ended_at:
        return f"{usd(job.actual_cost)}<small>{time}</small>"
    estimated = f"of about {usd(job.estimated_cost)}" if job.estimated_cost is not None else ""
    return f"{usd(job.actual_cost)}<small>{estimated}</small>"
