"""Compared jobs in tables: who they are, and each section line by line (FR1.3.1)."""

from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlencode

import streamlit as st

from lib.domain.job_comparison import LETTERS, NOTHING, Line
from lib.domain.job_facts import Facts
from lib.ui.comparison_charts import COLOURS
from lib.ui.moments import date_and_time
from lib.ui.status import pill
from lib.ui.tag_pills import pills
from lib.ui.text import safe


def draw(
    jobs: Sequence[Facts], groups: Iterable[tuple[str, Sequence[Line]]], *, about: bool
) -> None:
    """A table with a column a job. `about` adds what people wrote; `groups` are titled lines.

    It scrolls sideways where it has to, beneath the first column. Lines that differ are marked in a
    group without a title: figures of different runs always do.
    """
    body = _documentation(jobs) if about else ""
    for title, lines in groups:
        heading = f"<th scope=colgroup colspan={len(jobs) + 1}>{safe(title)}</th>"
        body += f"<tr class=group>{heading}</tr>" if title else ""
        body += "".join(_line(line, jobs, mark=not title) for line in lines)
    st.html(
        '<div class="side-by-side" tabindex="0" role="region" aria-label="Jobs side by side">'
        f"<table><thead><tr><td></td>{''.join(map(_head, range(len(jobs)), jobs))}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _head(at: int, job: Facts) -> str:
    address = urlencode({"job": job.id})
    return (
        f'<th scope=col><span class="series" style="--series:{COLOURS[at]}">{LETTERS[at]}</span>'
        f'<a href="/job?{address}" target="_self" dir="auto">{safe(job.name)}</a></th>'
    )


def _documentation(jobs: Sequence[Facts]) -> str:
    rows: tuple[tuple[str, Callable[[Facts], str]], ...] = (
        ("Status", lambda job: pill(job.status)),
        ("Tags", lambda job: pills(job.tags)),
        ("Description", lambda job: _text(job.description)),
        ("Client and project", _client),
        ("Creator", lambda job: _text(job.creator)),
        ("Created", lambda job: date_and_time(job.created_at)),
        ("Started", lambda job: date_and_time(job.queued_at) if job.queued_at else ""),
        ("Ended", lambda job: date_and_time(job.ended_at) if job.ended_at else ""),
    )
    return "".join(
        f"<tr><th scope=row>{label}</th>"
        + "".join(f"<td>{show(job) or NOTHING}</td>" for job in jobs)
        + "</tr>"
        for label, show in rows
    )


def _client(job: Facts) -> str:
    if job.client_id is None:
        return ""
    named = {"client": job.client_id} | ({"project": job.project_id} if job.project_id else {})
    project = f" → {_text(job.project)}" if job.project else ""
    return f'<a href="/clients?{urlencode(named)}" target="_self">{_text(job.client)}{project}</a>'


def _line(line: Line, jobs: Sequence[Facts], *, mark: bool) -> str:
    """Who is ahead is marked by colour and by a word, and a difference where `mark` asks for it."""
    cells = ""
    differs = mark and line.differs
    for cell, job in zip(line.cells, jobs, strict=True):
        ahead = job.id in line.winners
        word = f"<small>{'tie' if line.tied else 'ahead'}</small>" if ahead else ""
        cells += f"<td{' class=ahead' if ahead else ''}>{_text(cell.text)}{word}</td>"
    note = f"<small>{safe(line.note)}</small>" if line.note else ""
    sign = '<i title="Differs" role="img" aria-label="Differs">≠</i>' if differs else ""
    return (
        f"<tr{' class=differs' if differs else ''}><th scope=row>{safe(line.label)}{sign}"
        f"{note}</th>{cells}</tr>"
    )


def _text(text: str) -> str:
    return f'<span dir="auto">{safe(text)}</span>' if text else ""
