"""Commands about the audit log: audit list|verify|head|export."""

import argparse
from datetime import date
from typing import Any

from sqlalchemy import Row

from lib.cli.lookups import as_id, person_at
from lib.cli.output import Output, note, record, table, to_be_written
from lib.db.connection import migrate
from lib.domain.audit import ActionType, Filter
from lib.domain.money import usd
from lib.services import accounts, audit

MOST = 10_000  # entries of one list; an export has no limit
BROKEN = 1  # the exit code of a verification that found something


def list_entries(options: argparse.Namespace) -> Output:
    """A page of entries; in the JSON, `next_after` is where the next one begins."""
    migrate()
    after = _whole(options.after, "--after") if options.after else None
    limit = _whole(options.limit, "--limit")
    page = audit.entries(
        accounts.operator(), _filter(options), after=after, limit=max(1, min(limit, MOST))
    )
    rows = [
        (
            entry.id,
            f"{entry.timestamp:%Y-%m-%d %H:%M:%S}",
            entry.action_type,
            "" if entry.amount is None else usd(entry.amount),
            entry.user_email,
            entry.actor_email,
            entry.justification,
        )
        for entry in page.entries
    ]
    headings = ("ID", "TIME (UTC)", "ACTION", "AMOUNT", "USER", "BY", "JUSTIFICATION")
    data = {"entries": [_data(entry) for entry in page.entries], "next_after": page.next_after}
    return Output(data, table(headings, rows, "No entries."))


def export(options: argparse.Namespace) -> Output:
    """All entries that match, as CSV, a line at a time; the file appears whole or not at all."""
    migrate()
    rows = -1  # the headings
    with (
        to_be_written(options.out) as draft,
        draft.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        for line in audit.as_csv(accounts.operator(), _filter(options)):
            file.write(line)
            rows += 1
    text = f"{rows:,} {'entry' if rows == 1 else 'entries'} in {options.out}"
    return Output({"path": str(options.out), "entries": rows}, text)


def verify(options: argparse.Namespace) -> Output:
    """Follows the whole chain and names the first row that breaks it."""
    migrate()
    result = audit.verify(
        accounts.operator(),
        options.head,
        lambda done, rows: note(f"{done:,} of {rows:,} rows"),
    )
    data = {
        "intact": result.intact,
        "rows": result.rows,
        "first_broken": result.first_broken,
        "reason": result.reason or None,
        "head": result.head,
    }
    shown = {
        "result": "intact" if result.intact else "BROKEN",
        "rows in order": f"{result.rows:,}",
        "first broken": result.first_broken,
        "reason": result.reason,
        "head": result.head,
    }
    return Output(data, record(shown), 0 if result.intact else BROKEN)


def head(_options: argparse.Namespace) -> Output:
    """The end of the chain."""
    migrate()
    found = audit.head(accounts.operator())
    if found is None:
        return Output(None, "The log is empty.")
    shown = {"hash": found.hash, "row": found.id, "rows": found.rows}
    return Output({"hash": found.hash, "id": found.id, "rows": found.rows}, record(shown))


def _filter(options: argparse.Namespace) -> Filter:
    return Filter(
        action=ActionType(options.action) if options.action else None,
        person_id=person_at(options.user).id if options.user else None,
        job_id=as_id(options.job, "--job") if options.job else None,
        text=options.text,
        oldest_first=options.oldest_first,
        **audit.period(_day(options.since, "--since"), _day(options.until, "--until")),
    )


def _data(entry: Row) -> dict[str, Any]:
    shown = {name: getattr(entry, name) for name in audit.COLUMNS}
    return {**shown, "ip_address": str(entry.ip_address) if entry.ip_address else None}


def _day(text: str | None, option: str) -> date | None:
    if not text:
        return None
    try:
        return audit.day(text)
    except ValueError:
        raise ValueError(f"{option}: {text!r:.40} is not a day such as 2026-11-24") from None


def _whole(text: str, option: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(f"{option}: {text!r:.40} is not a whole number")
    return int(text)
