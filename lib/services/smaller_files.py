"""Training on fewer conversations: the first ones of a file as a file of its own (FR1.2.2)."""

from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from lib import storage
from lib.datafiles.excerpt import write_excerpt
from lib.db import jobs
from lib.db.connection import reading
from lib.domain.draft import change
from lib.domain.people import Person
from lib.services import drafts
from lib.services.drafts import OpenDraft
from lib.services.errors import Refusal
from lib.services.training_files import check_unchanged, import_training_file, limits
from lib.services.visibility import changeable


def train_on_first(actor: Person, opened: OpenDraft, conversations: int) -> OpenDraft:
    """Imports the first `conversations` of the draft's file and puts the draft on them.

    The whole file stays as it is; the smaller one is read by the worker like any other import, and
    the same excerpt asked for twice is one file. Raises Refusal where the stored file has changed,
    what `drafts.save` and `import_training_file` raise.
    """
    with reading() as connection:
        changeable(connection, actor, jobs.by_id(connection, opened.job_id))
    file = opened.file
    if changed := check_unchanged(file):
        raise Refusal(changed)
    name = PurePath(file.name)
    with TemporaryDirectory(dir=storage.files_folder(), prefix="excerpt-") as folder:
        part = Path(folder) / "part"
        write_excerpt(
            storage.original_file(file.storage_key),
            part,
            conversations,
            name=file.name,
            limits=limits(),
        )
        row, _ = import_training_file(
            actor, part, f"{name.stem} (first {conversations}){name.suffix}"
        )
    draft = change(
        opened.draft, drafts.today(), training_file_id=str(row.id), training_file_name=row.name
    )
    drafts.save(actor, opened, draft)
    return drafts.load(actor, opened.job_id)
