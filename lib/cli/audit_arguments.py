"""The arguments of `audit`; what it does is in `lib.cli.audit`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from lib.cli.arguments import add, text
from lib.domain.audit import ActionType

RUN = "lib.cli.audit"


def register(commands: Any) -> None:
    """Adds the command."""
    audit = commands.add_parser("audit", help="the log of everything about budgets")
    actions = audit.add_subparsers(metavar="ACTION", required=True)
    listing = add(actions, "list", f"{RUN}:list_entries", "entries, newest first")
    listing.add_argument(
        "--after", type=text, metavar="ID", help="go on after this entry, as `next_after` says"
    )
    listing.add_argument("--limit", type=text, default="100", metavar="N", help="default 100")
    export = add(actions, "export", f"{RUN}:export", "all entries as CSV")
    export.add_argument("--out", type=Path, required=True, metavar="CSV", help="the file to write")
    for action in (listing, export):
        _filters(action)
    verify = add(
        actions, "verify", f"{RUN}:verify", "follow the chain; exit code 1 where it is broken"
    )
    verify.add_argument(
        "--head", type=text, metavar="HASH", help="one noted earlier, which must still be there"
    )
    add(actions, "head", f"{RUN}:head", "the newest row's hash, to be noted elsewhere")


def _filters(action: ArgumentParser) -> None:
    action.add_argument("--action", choices=[str(one) for one in ActionType])
    action.add_argument("--user", type=text, metavar="EMAIL", help="who acted, or whose budget")
    action.add_argument("--job", type=text, metavar="ID")
    action.add_argument("--since", type=text, metavar="DATE", help="from this day on")
    action.add_argument("--until", type=text, metavar="DATE", help="this day included")
    action.add_argument("--text", type=text, default="", help="part of the justification")
    action.add_argument("--oldest-first", action="store_true")
