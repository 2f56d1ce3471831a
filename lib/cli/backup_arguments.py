"""The arguments of `backup` and `restore`; what they do is in `lib.cli.backups`."""

from pathlib import Path
from typing import Any

from lib.cli.arguments import add

RUN = "lib.cli.backups"


def register(commands: Any) -> None:
    """Adds the commands."""
    backup = add(commands, "backup", f"{RUN}:backup", "database, training files and adapters")
    backup.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="where its own folder is made (default: backups in DATA_DIR; better: another machine)",
    )
    restore = add(commands, "restore", f"{RUN}:restore", "fill an empty installation from a backup")
    restore.add_argument("folder", type=Path, metavar="FOLDER", help="a folder that backup made")
