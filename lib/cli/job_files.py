"""Commands that take jobs out of an installation and into another: jobs export, jobs import."""

import argparse
import sys
from dataclasses import asdict

from lib.cli import job_filters
from lib.cli.lookups import as_id
from lib.cli.output import Output, note, table, to_be_written
from lib.db.connection import migrate
from lib.domain.job_search import JobQuery
from lib.services import accounts, job_export, job_import
from lib.services.job_export import Wanted
from lib.services.job_import import JobReport

REFUSED_SOME = 1  # the exit code of an import that could not make each job
_TOLD_EVERY = 10_000  # jobs
_MAKERS = {"csv": job_export.stream_csv, "json": job_export.stream_json}


def export(options: argparse.Namespace) -> Output | None:
    """The jobs named, else those that match; to standard output, or into a file that appears whole
    or not at all.
    """
    migrate()
    jobs = 0

    def progress(done: int) -> None:
        nonlocal jobs
        jobs = done
        if done % _TOLD_EVERY == 0:
            note(f"{done:,} jobs")

    stream = _MAKERS[options.format](accounts.operator(), _wanted(options), progress)
    if options.out is None:
        for chunk in stream:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return None
    with to_be_written(options.out) as draft, draft.open("wb") as file:
        file.writelines(stream)
    text = f"{jobs:,} {'job' if jobs == 1 else 'jobs'} in {options.out}"
    return Output({"path": str(options.out), "jobs": jobs}, text)


def import_file(options: argparse.Namespace) -> Output:
    """Drafts of the jobs in an export; with --dry-run what would become of each."""
    migrate()
    act = job_import.preview if options.dry_run else job_import.import_jobs
    with options.file.open("rb") as stream:
        reports = act(accounts.operator(), stream)
    data = {"dry_run": options.dry_run, "jobs": [asdict(report) for report in reports]}
    rows = [(report.number, _result(report), report.name, _said(report)) for report in reports]
    headings = ("NO.", "RESULT", "NAME", "REMARKS")
    refused = any(not report.usable for report in reports)
    text = table(headings, rows, "No jobs in this file.")
    return Output(data, text, REFUSED_SOME if refused else 0)


def _result(report: JobReport) -> str:
    if report.problems:
        return "not possible"
    return str(report.job_id) if report.job_id else "ready"


def _said(report: JobReport) -> str:
    return "; ".join((*report.problems, *report.notices))


def _wanted(options: argparse.Namespace) -> Wanted:
    query = job_filters.asked(options)
    if not options.ids:
        return query
    if query != JobQuery():
        raise ValueError("ID: name jobs or filter them, not both")
    return [as_id(one, "ID") for one in options.ids]
