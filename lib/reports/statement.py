"""The statement's pages: letterhead, figures, chart, where the money went, every job, limits."""

from dataclasses import replace
from decimal import Decimal

from lib.domain.money import CENT, ZERO, usd
from lib.domain.quote import long_date
from lib.domain.statement import Share, StatedJob, Statement, total
from lib.paper.document import letterhead, opened, parts
from lib.paper.fonts import Weight
from lib.paper.sheet import (
    ACCENT,
    AMBER,
    BODY,
    INK,
    LABEL,
    LEFT,
    SMALL,
    TINT,
    WIDTH,
    Sheet,
)
from lib.paper.text import clean
from lib.paper.typesetter import Style
from lib.reports import chart, tables
from lib.reports.tables import Cell, Column

_SUBJECT = Style(15, Weight.BOLD, INK)
_FIGURE = Style(12, Weight.BOLD, INK)
_MONEY = (Column("Spent", 24, amount=True), Column("Reserved", 24, amount=True))


def render(statement: Statement) -> bytes:
    """The statement as an A4 PDF; the same statement always gives the same bytes."""
    texts = (part for part in parts(statement) if isinstance(part, str))
    title = f"Spending of {statement.title}"
    with opened(title, statement.as_of, texts) as (pdf, sheet):
        _letterhead(sheet, statement)
        _summary(sheet, statement)
        sheet.heading("Spending against the limit", following=chart.HEIGHT)
        chart.draw(sheet, statement)
        _shares(sheet, "By person", ("Name", "E-mail"), statement.people)
        _shares(sheet, "By client and project", ("Client", "Project"), statement.clients)
        _shares(sheet, "By preset and tier", ("Preset", "Runs on"), statement.configurations)
        _jobs(sheet, statement)
        _limits(sheet, statement)
        _records(sheet, statement)
        sheet.footers(f"{title} · {clean(statement.subject)[:60]}")
        return bytes(pdf.output())


def _letterhead(sheet: Sheet, statement: Statement) -> None:
    moment = f"As of {long_date(statement.as_of.date())}, {statement.as_of:%H:%M %Z}"
    letterhead(sheet, statement.company, "Training spend", (statement.title, moment), 110)
    sheet.paragraph(statement.subject, _SUBJECT)
    sheet.paragraph(statement.about, SMALL)


def _summary(sheet: Sheet, statement: Statement) -> None:
    """The six figures side by side, how final they are, and what the projection rests on."""
    budget = statement.budget
    figures = (
        ("Limit", usd(budget.limit)),
        (f"With {_percent(budget.grace_percent)} grace", usd(budget.ceiling)),
        ("Spent", usd(budget.spent)),
        ("Reserved", usd(budget.reserved)),
        ("Remaining", usd(budget.remaining)),
        ("Came to" if statement.passed else "Projected", usd(statement.projection.expected)),
    )
    sheet.y += 3
    height = 17.0
    sheet.need(height)
    sheet.fill(LEFT, sheet.y, WIDTH, height, TINT, radius=2)
    sheet.fill(LEFT, sheet.y, 1.6, height, ACCENT)
    column = (WIDTH - 8) / len(figures)
    for index, (label, amount) in enumerate(figures):
        x = LEFT + 6 + index * column
        over = label == "Remaining" and budget.remaining < ZERO
        style = replace(_FIGURE, colour=AMBER) if over else _FIGURE
        sheet.type.block(label, LABEL, x, sheet.y + 3.5, column - 2)
        fitted = sheet.type.fit(amount, style, column - 2)
        lower = (_FIGURE.size - fitted.size) * 0.38
        sheet.type.block(amount, fitted, x, sheet.y + 7.5 + lower, column - 2)
    sheet.y += height + 2.5
    used = f"{budget.used_percent} % of the limit is used, reserved included."
    sheet.paragraph(f"{statement.standing} {used}", BODY)
    projection = statement.projection
    if not statement.passed:
        band = (
            f" In 8 months of 10 between {usd(projection.least)} and {usd(projection.most)}."
            if projection.least != projection.most
            else ""
        )
        sheet.paragraph(f"Projection: {projection.basis}.{band}", SMALL)
    sheet.paragraph(f"{statement.accuracy}.", SMALL)


def _percent(amount: Decimal) -> str:
    """`10 %`, `7.5 %`; of a team, whose grace is computed, two decimals at most."""
    return f"{amount.quantize(CENT).normalize():f} %"


def _shares(sheet: Sheet, title: str, names: tuple[str, str], shares: tuple[Share, ...]) -> None:
    """One breakdown with its sums; nothing where there is nothing to break down."""
    if not shares:
        return
    sheet.heading(title, following=tables.opening(len(shares)))
    columns = (
        Column(names[0], 56),
        Column(names[1], 54),
        Column("Jobs", 16, amount=True),
        *_MONEY,
    )
    spent, reserved = total(shares)
    tables.draw(
        sheet,
        columns,
        (
            (*share.names, f"{share.jobs:,}", usd(share.spent), usd(share.reserved))
            for share in shares
        ),
        ("Total", "", f"{sum(share.jobs for share in shares):,}", usd(spent), usd(reserved)),
    )


def _jobs(sheet: Sheet, statement: Statement) -> None:
    jobs = statement.jobs
    count = f"{len(jobs):,} job{'' if len(jobs) == 1 else 's'}"
    sheet.heading(f"Every job of the month: {count}", following=tables.opening(len(jobs)))
    if not jobs:
        sheet.paragraph("No job was started in this month.", BODY)
        return
    spent, reserved = total(jobs)
    tables.draw(
        sheet,
        (
            Column("Started", 14),
            Column("Job", 62),
            Column("Client", 31),
            Column("Preset", 21),
            Column("Status", 17),
            Column("Spent", 14, amount=True),
            Column("Reserved", 15, amount=True),
        ),
        map(_job, jobs),
        ("Total", count, "", "", "", usd(spent), usd(reserved)),
    )


def _job(job: StatedJob) -> tuple[Cell | str, ...]:
    return (
        f"{job.started_on.day} {job.started_on:%b}",
        Cell(job.name, job.person),
        Cell(job.client, job.project),
        Cell(job.preset, job.tier),
        job.status,
        usd(job.spent),
        usd(job.reserved),
    )


def _limits(sheet: Sheet, statement: Statement) -> None:
    if not statement.limits:
        return
    sheet.heading("Limits and since when", following=tables.opening(len(statement.limits)))
    tables.draw(
        sheet,
        (
            Column("From", 30),
            Column("Person", 56),
            Column("Set by", 48),
            Column("Grace", 16, amount=True),
            Column("Monthly limit", 24, amount=True),
        ),
        (
            (
                f"{limit.begins:%B %Y}",
                limit.person,
                limit.set_by,
                _percent(limit.grace_percent),
                usd(limit.limit),
            )
            for limit in statement.limits
        ),
    )


def _records(sheet: Sheet, statement: Statement) -> None:
    """How the figures are counted, and the audit log's end to check them against."""
    pairs = [
        ("Counted", "A job counts in the month in which it was started, whenever it ends."),
        ("Amounts", "US dollars, rounded to the cent; each table adds up to the figures above."),
    ]
    if statement.head:
        pairs.append(
            (
                "Audit log",
                f"{statement.head.rows:,} entries when this was made, ending in "
                f"{statement.head.hash}",
            )
        )
    sheet.heading("Notes", following=len(pairs) * 2 * BODY.line_height)
    sheet.fields(pairs, 22)
