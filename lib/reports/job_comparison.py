"""A comparison of jobs as a document: the verdict, which job is which, then section by section."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from lib.domain.job_comparison import LETTERS, Line, Section
from lib.domain.quote import long_date
from lib.paper.document import letterhead, opened, parts
from lib.paper.sheet import BODY, STRONG, WIDTH
from lib.reports import tables
from lib.reports.tables import Cell, Column

_LABELS = 40.0  # mm: the column of what is compared


def render(
    company: str,
    made_at: datetime,
    jobs: Sequence[tuple[UUID, str]],
    sections: tuple[Section, ...],
    verdict: str,
) -> bytes:
    """An A4 PDF; `jobs` are the ids and names of the columns, in their order."""
    names = [name for _id, name in jobs]
    texts = [part for part in parts(sections) if isinstance(part, str)]
    title = "Comparison of jobs"
    with opened(title, made_at, [*texts, *names, verdict]) as (pdf, sheet):
        moment = f"{long_date(made_at.date())}, {made_at:%H:%M %Z}"
        letterhead(sheet, company, title, (f"{len(jobs)} jobs", moment), 110)
        sheet.paragraph(verdict, STRONG)
        sheet.y += 2
        sheet.fields(list(zip(LETTERS, names, strict=False)), 8)
        width = (WIDTH - _LABELS) / len(jobs)
        columns = (
            Column("", _LABELS),
            *(Column(letter, width) for letter in LETTERS[: len(jobs)]),
        )
        for section in sections:
            sheet.heading(section.title, following=tables.opening(len(section.lines)))
            tables.draw(sheet, columns, [_row(line, jobs) for line in section.lines])
        sheet.y += 2
        sheet.paragraph("Only completed jobs compete. Times are in UTC.", BODY)
        sheet.footers(title)
        return bytes(pdf.output())


def _row(line: Line, jobs: Sequence[tuple[UUID, str]]) -> list[Cell]:
    mark = "tie" if line.tied else "ahead"
    cells = (
        Cell(cell.text, mark if job_id in line.winners else "")
        for cell, (job_id, _name) in zip(line.cells, jobs, strict=True)
    )
    return [Cell(line.label, line.note), *cells]
