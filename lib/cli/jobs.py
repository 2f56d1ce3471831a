"""Commands about jobs: list, search, show, quote, launch. All act as the owner."""

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from sqlalchemy import Row

from lib.cli import job_filters
from lib.cli.files import configured
from lib.cli.job_text import job_data, job_text
from lib.cli.output import Output, note, table, to_be_written
from lib.db.connection import migrate
from lib.domain.draft import Draft, problems
from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.states import TERMINAL, EnrichmentStatus, JobStatus
from lib.services import (
    accounts,
    assessment,
    drafts,
    job_search,
    jobs,
    next_steps,
    starting,
    training_files,
)
from lib.services.drafts import OpenDraft
from lib.services.errors import NotFound, Refusal
from lib.services.estimates import Pricing
from lib.settings import settings

_PAUSE = 0.3  # seconds between two looks at the database
_UNKNOWN = "There is no such job, or it is not yours to see."


def list_jobs(options: argparse.Namespace) -> Output:
    """Jobs as the list in the app finds, narrows and orders them, at most --limit."""
    migrate()
    query = job_filters.asked(options)
    page = job_search.search(accounts.operator(), query, limit=options.limit)
    if page.mended:
        typed, used = page.mended_words
        note(f"Nothing for '{typed}'; showing '{used}'")
    found = page.rows
    data = [
        {
            "id": job.id,
            "name": job.name,
            "status": job.status,
            "file": job.file_name,
            "preset": job.preset,
            "engine": job.engine,
            "tier": job.gpu_pricing_tier,
            "estimated_cost_max": job.estimated_cost_max,
            "actual_cost": job.actual_cost,
            "created_by": job.creator_email,
            "created_at": job.created_at,
        }
        for job in found
    ]
    rows = [
        (job.id, job.status, usd(job.actual_cost), f"{job.created_at:%Y-%m-%d %H:%M}", job.name)
        for job in found
    ]
    return Output(data, table(("ID", "STATUS", "COST", "CREATED", "NAME"), rows, "No jobs."))


def show(options: argparse.Namespace) -> Output:
    """One job with its events, attempts, metrics and quotes."""
    migrate()
    try:
        job_id = UUID(options.id)
    except ValueError:
        raise NotFound(_UNKNOWN) from None
    return _shown(accounts.operator(), job_id)


def quote(options: argparse.Namespace) -> Output:
    """Issues a quote and writes its PDF; the draft stays, so that it can be started later.

    With --alternatives it is of the presets and the other tier too.
    """
    from lib.cli.quotes import issued, told  # slow to import: it brings all that makes a PDF

    _check(options)
    migrate()
    actor = accounts.operator()
    with to_be_written(options.out) as pdf, _working(), _new_draft(actor, options) as opened:
        _price(opened)
        row = issued(actor, opened, several=options.alternatives)
        pdf.write_bytes(row.pdf)
    return told(row, options.out)


def launch(options: argparse.Namespace) -> Output:
    """Imports, measures and starts a job; with --wait shows how it goes until it has ended."""
    _check(options)
    migrate()
    actor = accounts.operator()
    with _working():
        with _new_draft(actor, options) as opened:
            starting.start(actor, opened.job_id, _price(opened).digest)
        note(f"Job {opened.job_id} is queued")
        if options.wait:
            _follow(actor, opened.job_id)
    output = _shown(actor, opened.job_id)
    failed = options.wait and output.data["status"] != JobStatus.COMPLETED
    return replace(output, exit_code=int(failed))


def _shown(actor: Person, job_id: UUID) -> Output:
    from lib.services import quotes  # see above

    view, issued = jobs.view(actor, job_id), quotes.of_job(actor, job_id)
    steps = next_steps.offered(actor, job_id)
    data = job_data(view, issued, steps)
    return Output(data, job_text(view, data, steps))


def _check(options: argparse.Namespace) -> None:
    """Raises ValueError for details that no job can have, before anything is stored."""
    if options.project and not options.client:
        raise ValueError("--project: name the --client it belongs to")
    for message in problems(_detailed(options, configured(options, options.file.name))).values():
        raise ValueError(message)


def _detailed(options: argparse.Namespace, draft: Draft) -> Draft:
    named = {} if options.name is None else {"name": options.name, "name_edited": True}
    steps = getattr(options, "max_steps", None)
    return replace(
        draft,
        client=options.client,
        project=options.project,
        max_steps=steps,
        spending_cap=options.cap,
        **named,
    )


@contextmanager
def _new_draft(actor: Person, options: argparse.Namespace) -> Iterator[OpenDraft]:
    """A draft of the file as the options configure it; given up again if the body fails."""
    file = _readied(actor, options.file)
    job_id = drafts.create(actor, file.id)
    try:
        opened = drafts.load(actor, job_id)
        chosen = configured(options, file.name, file.conversation_count)
        draft = replace(_detailed(options, chosen), training_file_id=str(file.id))
        yield drafts.save(actor, opened, draft)
    except BaseException:
        with suppress(Refusal):
            drafts.discard(actor, job_id)
        raise


def _readied(actor: Person, path: Path) -> Row:
    """The file's row, imported where it is new, once the worker has read it in full."""
    file, new = training_files.import_training_file(actor, path, path.name)
    note(f"{'Imported' if new else 'Found'} {file.name}: {file.conversation_count} conversations")
    while file.enrichment_status == EnrichmentStatus.PROCESSING:
        time.sleep(_PAUSE)
        file = training_files.get(file.id)
    return file


def _price(opened: OpenDraft) -> assessment.Assessment:
    """The draft's assessment, once this machine has been measured where that is needed."""
    assessed = assessment.assess(opened)
    if assessed.priced.status is Pricing.MEASURING:
        note("Measuring a few real steps on this machine")
    while assessed.priced.status is Pricing.MEASURING:
        time.sleep(_PAUSE)
        assessed = assessment.assess(opened)
    return assessed


def _follow(actor: Person, job_id: UUID) -> None:
    """Notes each event and step of a job until it has ended."""
    events, step = 0, None
    while True:
        view = jobs.view(actor, job_id)
        for event in view.events[events:]:
            note(event.message)
        events = len(view.events)
        progress = view.job.progress
        if progress.get("step") not in (None, step):
            step = progress["step"]
            note(f"Step {step} of {progress['steps_total']}, loss {progress['loss']:.3f}")
        if view.job.status in TERMINAL:
            return
        time.sleep(_PAUSE)


@contextmanager
def _working() -> Iterator[None]:
    """A worker in this process, beside whatever workers there are, unless WORKER is off."""
    from lib.worker.loop import Worker

    if settings().worker == "off":
        yield
        return
    stop = threading.Event()
    worker = threading.Thread(target=Worker(stop).run, daemon=True)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()
