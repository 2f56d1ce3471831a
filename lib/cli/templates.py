"""Commands about templates, clones and continued jobs. All act as the owner."""

import argparse
from uuid import UUID

from lib.cli.lookups import as_id
from lib.cli.output import Output, note, record, table
from lib.db.connection import migrate
from lib.domain.people import Person
from lib.services import accounts, cloning, continuation, jobs, templates


def list_templates(options: argparse.Namespace) -> Output:
    """The team's templates and the owner's own."""
    migrate()
    found = templates.listing(accounts.operator(), archived=options.archived)
    data = [
        {
            "id": row.id,
            "name": row.name,
            "description": row.description,
            "shared": row.shared,
            **row.draft,
            "created_by": row.creator_name,
            "created_at": row.created_at,
            "uses": row.uses,
            "last_used": row.last_used,
        }
        for row in found
    ]
    rows = [
        (row.id, row.draft.get("preset"), row.draft.get("offer_key"), row.uses, row.name)
        for row in found
    ]
    return Output(data, table(("ID", "PRESET", "OFFER", "USES", "NAME"), rows, "No templates."))


def start(options: argparse.Namespace) -> Output:
    """A draft on a training file; nothing is started yet."""
    template_id, file_id = as_id(options.id, "ID"), as_id(options.file, "FILE_ID")
    migrate()
    actor = accounts.operator()
    job_id = templates.start(actor, template_id, file_id)
    for notice in templates.usable(templates.by_id(actor, template_id)).notices:
        note(notice)
    return _draft(actor, job_id)


def clone(options: argparse.Namespace) -> Output:
    """A draft like a job, on its training file or another one."""
    job_id = as_id(options.id, "ID")
    file_id = None if options.file is None else as_id(options.file, "--file")
    migrate()
    actor = accounts.operator()
    return _draft(actor, cloning.clone(actor, job_id, file_id))


def continue_job(options: argparse.Namespace) -> Output:
    """A draft that goes on where a job ended; nothing is started yet."""
    job_id = as_id(options.id, "ID")
    migrate()
    actor = accounts.operator()
    return _draft(actor, continuation.continue_job(actor, job_id, options.cap))


def _draft(actor: Person, job_id: UUID) -> Output:
    job = jobs.status_of(actor, job_id)
    fields = {"id": job.id, "name": job.name, "file": job.file_name, "preset": job.preset}
    return Output(fields, record({name.title(): value for name, value in fields.items()}))
