"""Commands about quotes: list, search, show, download. All act as the owner."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from lib.cli.output import Output, record, table, to_be_written
from lib.db.connection import migrate
from lib.domain.estimate import Estimate, format_hours
from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.quote import Choice
from lib.services import accounts, quotes
from lib.services.drafts import OpenDraft


def list_quotes(options: argparse.Namespace) -> Output:
    """The newest quotes, or those whose number, job, client, project or maker has the text."""
    migrate()
    found = quotes.listing(accounts.operator(), options.text)
    rows = [
        (
            quote.number,
            f"{quote.created_at:%Y-%m-%d %H:%M}",
            quotes.state(quote),
            quotes.stored_total(quote),
            quote.client,
            quote.job_name,
        )
        for quote in found
    ]
    headings = ("QUOTE", "ISSUED", "STATE", "TOTAL", "CLIENT", "JOB")
    return Output([_data(quote) for quote in found], table(headings, rows, "No quotes."))


def show(options: argparse.Namespace) -> Output:
    """One quote with each of its alternatives."""
    migrate()
    quote = quotes.numbered(accounts.operator(), options.number)
    choices = quotes.stored_choices(quote)
    fields = {
        "quote": quote.number,
        "state": quotes.state(quote),
        "valid until": quote.valid_until,
        "revision": quote.revision,
        "issued (UTC)": f"{quote.created_at:%Y-%m-%d %H:%M:%S}",
        "by": f"{quote.maker_name} ({quote.maker_email})",
        "job": quote.job_name,
        "job's id": quote.job_id,
        "client": quote.client,
        "project": quote.project,
        "quoted": quote.configuration,
        "total": quotes.stored_total(quote),
        "PDF SHA-256": quote.sha256,
    }
    rows = [
        (
            choice.title,
            format_hours(choice.estimate.duration_hours),
            usd(choice.estimate.total),
            f"{usd(choice.estimate.cost_min)} to {usd(choice.estimate.cost_max)}",
        )
        for choice in choices
    ]
    listed = table(("CONFIGURATION", "DURATION", "TOTAL", "RANGE"), rows, "")
    data = _data(quote) | {"alternatives": [_choice(choice) for choice in choices]}
    return Output(data, "\n\n".join(filter(None, (record(fields), listed))))


def download(options: argparse.Namespace) -> Output:
    """Writes a quote's PDF, byte for byte as it was issued."""
    migrate()
    actor = accounts.operator()
    found = quotes.document(actor, quotes.numbered(actor, options.number).id)
    with to_be_written(options.out) as pdf:
        pdf.write_bytes(found.pdf)
    return told(found, options.out)


def issued(actor: Person, opened: OpenDraft, *, several: bool) -> Row:
    """A new quote of a draft, or of the usual alternatives to it."""
    if not several:
        return quotes.issue(actor, opened)
    usual = [one.key for one in quotes.alternatives(opened) if one.usual]
    return quotes.issue_alternatives(actor, opened, usual)


def told(quote: Row, out: Path) -> Output:
    """What was written where."""
    least, most = quotes.stored_range(quote)
    data = {
        "number": quote.number,
        "kind": quote.kind,
        "pdf": str(out),
        "sha256": quote.sha256,
        "valid_until": quote.valid_until,
        "job_id": quote.job_id,
        "total": Estimate.from_dict(quote.estimate).total if quote.kind == "single" else None,
        "cost_min": least,
        "cost_max": most,
        "alternatives": [_choice(choice) for choice in quotes.stored_choices(quote)],
    }
    text = record(
        {
            "quote": quote.number,
            "written to": out,
            "valid until": quote.valid_until,
            "total": f"{quotes.stored_total(quote)} ({usd(least)} to {usd(most)})",
            "draft": quote.job_id,
        }
    )
    return Output(data, text)


def _data(quote: Row) -> dict[str, Any]:
    least, most = quotes.stored_range(quote)
    columns = ("number", "kind", "job_id", "job_name", "client", "project", "configuration")
    return {
        **{column: getattr(quote, column) for column in columns},
        "state": quotes.state(quote),
        "revision": quote.revision,
        "replaced_by": quote.replaced_by,
        "issued_at": quote.created_at,
        "valid_until": quote.valid_until,
        "made_by": quote.maker_email,
        "cost_min": least,
        "cost_max": most,
        "sha256": quote.sha256,
    }


def _choice(choice: Choice) -> Mapping[str, Any]:
    estimate = choice.estimate
    return {
        "title": choice.title,
        "duration_hours": estimate.duration_hours,
        "total": estimate.total,
        "cost_min": estimate.cost_min,
        "cost_max": estimate.cost_max,
    }
