"""The arguments of `jobs export` and `jobs import`; what they do is in `lib.cli.job_files`."""

from pathlib import Path
from typing import Any

from lib.cli.arguments import add, text
from lib.cli.job_filter_arguments import add_filters

RUN = "lib.cli.job_files"


def register(actions: Any) -> None:
    """Adds both to the actions of `jobs`."""
    export = add(actions, "export", f"{RUN}:export", "jobs with all fields, as CSV or JSON")
    export.add_argument("ids", nargs="*", type=text, metavar="ID", help="these jobs alone")
    export.add_argument("--format", choices=("csv", "json"), required=True)
    export.add_argument(
        "--out", type=Path, metavar="FILE", help="the file to write (default: standard output)"
    )
    export.add_argument("--text", type=text, metavar="TEXT", help="as the list is searched")
    add_filters(export)
    intake = add(actions, "import", f"{RUN}:import_file", "drafts of the jobs in a JSON export")
    intake.add_argument("file", type=Path, metavar="FILE")
    intake.add_argument("--dry-run", action="store_true", help="say what would be made of it")
