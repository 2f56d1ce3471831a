"""The arguments of `files`; what its actions do is in `lib.cli.file_care`."""

from typing import Any

from lib.cli.arguments import add, text

RUN = "lib.cli.file_care"


def register(commands: Any) -> None:
    """Adds the command."""
    files = commands.add_parser("files", help="list, rename, archive, check and delete files")
    actions = files.add_subparsers(metavar="ACTION", required=True)
    listing = add(actions, "list", f"{RUN}:list_files", "the stored training files, newest first")
    listing.add_argument("--archived", action="store_true", help="archived ones too")
    for name, function, summary in (
        ("rename", "rename", "give a file another name"),
        ("archive", "archive", "take a file out of the list"),
        ("restore", "restore", "bring an archived file back"),
        ("delete", "delete", "delete a file that no job has ever used"),
        ("verify", "verify", "hash the stored file anew; exit code 1 where it is not intact"),
    ):
        action = add(actions, name, f"{RUN}:{function}", summary)
        action.add_argument("id", type=text, metavar="ID")
        if name == "rename":
            action.add_argument("name", type=text, metavar="NAME")
