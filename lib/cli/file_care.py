"""The command `files`: what is done with stored training files, as the owner."""

import argparse
from uuid import UUID

from sqlalchemy import Row

from lib.cli.output import Output, record, table
from lib.db.connection import migrate
from lib.services import accounts, file_care, training_files
from lib.services.errors import NotFound

NOT_INTACT = 1  # exit code


def list_files(options: argparse.Namespace) -> Output:
    """The files that are not archived, or all of them."""
    migrate()
    rows = training_files.listing(archived=options.archived)
    text = table(
        ("id", "name", "conversations", "pairs", "quality", "status", "enrichment"),
        (
            (
                row.id,
                row.name,
                row.conversation_count,
                row.training_pairs,
                row.average_quality,
                row.status,
                row.enrichment_status,
            )
            for row in rows
        ),
        "No training files.",
    )
    return Output([_data(row) for row in rows], text)


def rename(options: argparse.Namespace) -> Output:
    """Gives a file another name, made safe to show."""
    file_id = _id(options)
    return _shown(file_care.rename(accounts.operator(), file_id, options.name))


def archive(options: argparse.Namespace) -> Output:
    """Takes a file out of the list; refused while an active job uses it."""
    file_id = _id(options)
    return _shown(file_care.archive(accounts.operator(), file_id))


def restore(options: argparse.Namespace) -> Output:
    """Brings an archived file back."""
    file_id = _id(options)
    return _shown(file_care.restore(accounts.operator(), file_id))


def delete(options: argparse.Namespace) -> Output:
    """Deletes a file that no job has ever used, drafts included."""
    file_id = _id(options)
    file_care.delete(accounts.operator(), file_id)
    return Output({"id": file_id, "deleted": True}, f"{file_id} is deleted.")


def verify(options: argparse.Namespace) -> Output:
    """Hashes what is stored of a file."""
    file_id = _id(options)
    problem = file_care.verify(accounts.operator(), file_id)
    data = {"id": file_id, "intact": problem is None, "problem": problem}
    text = problem or "The stored file is, byte for byte, what was imported."
    return Output(data, text, NOT_INTACT if problem else 0)


def _id(options: argparse.Namespace) -> UUID:
    """The file's id. Raises NotFound as for an unknown one."""
    migrate()
    try:
        return UUID(options.id)
    except ValueError:
        raise NotFound("Training file not found") from None


def _data(row: Row) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "conversations": row.conversation_count,
        "training_pairs": row.training_pairs,
        "average_quality": row.average_quality,
        "enrichment_status": row.enrichment_status,
        "enrichment_error": row.enrichment_error,
    }


def _shown(row: Row) -> Output:
    data = _data(row)
    return Output(data, record({label.replace("_", " "): value for label, value in data.items()}))
