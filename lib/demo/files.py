"""The training files of the demo: generated, imported and enriched as any other."""

import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from sqlalchemy import Row, update

from lib.datafiles.sample import write_sample
from lib.db import files
from lib.db.connection import transaction
from lib.db.tables import training_files
from lib.demo import cast
from lib.domain.people import Person
from lib.services.training_files import import_training_file
from lib.worker import enrichment


def add_files(people: Sequence[Person], seed: int, now: datetime) -> list[Row]:
    """Their rows, in the order of the cast; the worker's own tick reads them and counts tokens."""
    added = []
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(cast.FILES):
            source = Path(folder) / file.name
            write_sample(source, file.conversations, seed + number, file.format)  # type: ignore[arg-type]
            row, _new = import_training_file(people[number % len(people)], source, file.name)
            added.append(row.id)
    while enrichment.tick(Event()):
        pass
    with transaction() as connection:
        for number, (file_id, file) in enumerate(zip(added, cast.FILES, strict=True)):
            came = now - timedelta(weeks=file.weeks, hours=number)
            connection.execute(
                update(training_files)
                .where(training_files.c.id == file_id)
                .values(created_at=came, updated_at=came)
            )
        found = [files.by_id(connection, file_id) for file_id in added]
    return [row for row in found if row is not None]
