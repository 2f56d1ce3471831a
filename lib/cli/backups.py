"""Commands about backups: backup, restore."""

import argparse

from lib.cli.output import Output, record
from lib.db.connection import migrate
from lib.services import backups
from lib.services.backups import Backup
from lib.settings import settings


def backup(options: argparse.Namespace) -> Output:
    """Makes a backup below the folder that was named, by default in the data folder."""
    migrate()
    return _output(backups.make(options.into or settings().data_path / "backups"))


def restore(options: argparse.Namespace) -> Output:
    """Fills an empty installation from a backup."""
    return _output(backups.restore(options.folder))


def _output(found: Backup) -> Output:
    data = {
        "folder": str(found.folder),
        "made_at": found.made_at,
        "revision": found.revision,
        "rows": dict(found.rows),
        "files": found.files,
        "bytes": found.size_bytes,
    }
    shown = {
        "Folder": found.folder,
        "Made": f"{found.made_at:%Y-%m-%d %H:%M:%S} UTC",
        "Rows": f"{sum(found.rows.values()):,} in {len(found.rows)} tables",
        "Files": f"{found.files:,}",
        "Bytes": f"{found.size_bytes:,}",
    }
    return Output(data, record(shown))
