"""What stands below the figures: configuration, accuracy, terms, revisions, a place to sign."""

from lib.domain.money import usd
from lib.domain.quote import Choice, Quote, Revision, accuracy, long_date, terms
from lib.paper.sheet import (
    BODY,
    INK,
    LABEL,
    LEFT,
    SMALL,
    STRONG,
    WIDTH,
    Sheet,
)

_LABELS = 30.0  # mm: the column of labels
_MOST_REVISIONS = 5  # told on paper: nobody reads a history of every click
_SIGNING = 22.0  # mm that the lines for a signature take


def configuration(sheet: Sheet, choice: Choice) -> None:
    """What is trained where; short parameters three to a row, read across, long ones below."""
    preset = choice.preset_title
    if choice.changes:
        preset = f"Modified from {choice.preset_title}: {'; '.join(choice.changes)}"
    rate = f"{choice.offer_title}, {usd(choice.estimate.hourly_rate)}/hr ({choice.rate_source})"
    pairs = choice.parameters
    gap, label_width = 3.0, 34.0
    column = (WIDTH - 2 * gap) / 3
    value_width = column - label_width
    short = [p for p in pairs if sheet.type.height(p[1], BODY, value_width) <= BODY.line_height]
    wide = WIDTH - label_width
    rows = [(wide, [("Preset", preset)]), (wide, [("GPU and rate", rate)])]
    rows += [(value_width, short[first : first + 3]) for first in range(0, len(short), 3)]
    rows += [(wide, [pair]) for pair in pairs if pair not in short]
    heights = [
        max(sheet.type.height(label, SMALL, label_width - 2) for label, _ in row)
        + max(sheet.type.height(value, BODY, width) for _, value in row)
        - SMALL.line_height
        for width, row in rows
    ]
    sheet.heading("Configuration", following=sum(heights))
    for (width, row), height in zip(rows, heights, strict=True):
        sheet.need(height)
        for index, (label, value) in enumerate(row):
            x = LEFT + index * (column + gap)
            sheet.type.block(label, SMALL, x, sheet.y + 0.3, label_width - 2)
            sheet.type.block(value, BODY, x + label_width, sheet.y, width)
        sheet.y += height


def accuracy_record(sheet: Sheet, choice: Choice) -> None:
    """How far past estimates came true, and what the range means."""
    sheet.heading("Accuracy", following=5 * BODY.line_height)
    sheet.fields(accuracy(choice), _LABELS)
    sheet.paragraph(choice.estimate.disclaimer, SMALL)


def accuracy_records(sheet: Sheet, choices: tuple[Choice, ...]) -> None:
    """The same for each alternative in a line."""
    sheet.heading("Accuracy", following=len(choices) * BODY.line_height)
    told = {}  # once for what is the same on both tiers
    for choice in choices:
        record, track = dict(accuracy(choice)), choice.estimate.track
        said = f"{record['Past estimates']}."
        if track.runs:
            said += f" Finished runs: {record['Finished runs']}. {record['Confidence']}."
        told[choice.preset_title, track] = (choice.preset_title, said)
    sheet.fields(tuple(told.values()), _LABELS)
    sheet.paragraph(choices[0].estimate.disclaimer, SMALL)


def conditions(sheet: Sheet, quote: Quote) -> None:
    """The terms, as they are true of this installation."""
    sheet.heading("Terms", following=4 * BODY.line_height)
    sheet.fields(terms(quote), _LABELS)


def revision_history(sheet: Sheet, revisions: tuple[Revision, ...]) -> None:
    """The job's newest quotes with what each changed; nothing for its first one."""
    if len(revisions) < 2:
        return
    shown = revisions[-_MOST_REVISIONS - 1 :]
    number, day, total = 27.0, 34.0, 42.0
    changes_x = LEFT + number + day + total
    sheet.heading("Revisions", following=6 * BODY.line_height)
    said = f"{revisions[-1].number} replaces the earlier quotes for this job."
    if len(shown) < len(revisions):
        said += f" The newest are listed; {len(revisions) - len(shown)} more went before."
    sheet.paragraph(said, BODY)
    sheet.y += 1
    for x, label in (
        (LEFT, "Quote"),
        (LEFT + number, "Issued"),
        (LEFT + number + day, "Expected total"),
        (changes_x, "What changed"),
    ):
        sheet.type.block(label, LABEL, x, sheet.y, 60)
    sheet.y += LABEL.line_height + 0.6
    for revision in shown:
        style = STRONG if revision is shown[-1] else BODY
        changed = "; ".join(revision.changes)
        changed = changed[:1].upper() + changed[1:]
        height = sheet.type.height(changed, SMALL, WIDTH - (changes_x - LEFT))
        sheet.need(max(height, BODY.line_height))
        sheet.type.block(revision.number, style, LEFT, sheet.y, number)
        sheet.type.block(long_date(revision.issued_on), style, LEFT + number, sheet.y, day)
        fitted = sheet.type.fit(revision.total, style, total - 2)
        sheet.type.block(revision.total, fitted, LEFT + number + day, sheet.y, total)
        sheet.type.block(changed, SMALL, changes_x, sheet.y + 0.3, WIDTH - (changes_x - LEFT))
        sheet.y += max(height, BODY.line_height) + 0.6


def signature(sheet: Sheet, *, several: bool) -> None:
    """Where a client agrees: which alternative, name, date and signature."""
    labels = ["Name", "Place and date", "Signature"]
    if several:
        labels.insert(0, "Alternative")
    sheet.heading("Agreed", following=_SIGNING)
    gap = 6.0
    column = (WIDTH - gap * (len(labels) - 1)) / len(labels)
    sheet.y += 10
    for at, label in enumerate(labels):
        x = LEFT + at * (column + gap)
        sheet.fill(x, sheet.y, column, 0.25, INK)
        sheet.type.block(label, LABEL, x, sheet.y + 1, column)
    sheet.y += 6
