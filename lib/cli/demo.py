"""Commands about demo data: demo fill."""

import argparse
import sys
from dataclasses import asdict

from lib.cli.output import Output, table
from lib.db.connection import migrate
from lib.demo import cast
from lib.demo.fill import fill, is_filled


def fill_demo(options: argparse.Namespace) -> Output:
    """Fills a database in which there is nobody; where that was done before, says who is there."""
    migrate()
    accounts = [
        {"name": member.name, "email": member.email, "role": str(member.role)}
        for member in cast.TEAM
    ]
    data = {"password": cast.PASSWORD, "accounts": accounts}
    people = table(("E-MAIL", "ROLE", "NAME"), [(m.email, m.role, m.name) for m in cast.TEAM], "")
    signing_in = f"{people}\n\nThe password of all of them: {cast.PASSWORD}"
    if is_filled():
        return Output({"filled": None, **data}, f"Filled with demo data before.\n\n{signing_in}")
    made = fill(options.seed, options.jobs, say=_say)
    told = (
        f"Filled with {made.people} people, {made.files} training files, {made.jobs:,} jobs and "
        f"{made.quotes} quotes in {made.seconds:.0f} s. Nothing of it is real."
    )
    return Output({"filled": asdict(made), **data}, f"{told}\n\n{signing_in}")


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
