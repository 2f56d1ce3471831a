"""The command line: the services of the pages without a browser (`python -m lib.cli --help`).

Results go to standard output, as text or with --json as JSON; progress goes to standard error.
Exit codes: 0 done, 1 a launched job ended without success or a checked
file is not intact, 2 the command could not be carried out
(one line on standard error says why), 130 interrupted.
"""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from lib import cli_audit_arguments, cli_file_arguments, cli_request_arguments
from lib.cli_configuration import add_configuration
from lib.cli_output import Output, to_json, visible
from lib.domain.people import Role

REFUSED, INTERRUPTED = 2, 130
MOST = 1_000_000


class _Parser(argparse.ArgumentParser):
    """Reports a bad argument as every other error is reported: on one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(REFUSED, f"error: {visible(message)} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(handlers=[logging.NullHandler()])  # what matters is said in one line
    try:
        output = _command(options)(options)
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        print(to_json(output.data) if options.json else output.text, flush=True)
        return output.exit_code
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        print(f"error: {visible(_explained(error))}", file=sys.stderr)
        return REFUSED


def _expected() -> tuple[type[Exception], ...]:
    """What a command may raise in words for people; imported only once something went wrong."""
    from lib.db.connection import DatabaseUnavailable
    from lib.domain.conversations import DatasetError
    from lib.engines.errors import TrainerProblem
    from lib.services.errors import Refusal
    from lib.settings import SettingsError

    return (
        Refusal,
        DatasetError,
        SettingsError,
        DatabaseUnavailable,
        TrainerProblem,
        ValueError,
        OSError,
    )


def _explained(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


def _command(options: argparse.Namespace) -> Callable[[argparse.Namespace], Output]:
    """The function named "module:function", so that --help imports no database."""
    module, _, function = options.run.partition(":")
    return getattr(importlib.import_module(module), function)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m lib.cli",
        description="LoRA Pipeline without a browser. The first step of a new installation is "
        "`users add --role owner --name NAME --email ADDRESS`.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_file_commands(commands)
    _add_job_commands(commands)
    _add_quote_commands(commands)
    _add_offer_commands(commands)
    _add_calibration_commands(commands)
    _add_people_commands(commands)
    _add_demo_commands(commands)
    cli_request_arguments.register(commands, _add, _text)
    cli_audit_arguments.register(commands, _add, _text)
    cli_file_arguments.register(commands, _add, _text)
    return parser


def _add_file_commands(commands: Any) -> None:
    inspect = _add(commands, "inspect", "lib.cli_files:inspect", "figures and problems of a file")
    _file(inspect)
    store = _add(commands, "import", "lib.cli_files:import_file", "store a training file")
    _file(store)
    estimate = _add(
        commands,
        "estimate",
        "lib.cli_files:estimate",
        "duration and cost; stores nothing. --engine local measures real steps on this machine",
    )
    _file(estimate)
    add_configuration(estimate)
    sample = _add(commands, "sample", "lib.cli_files:sample", "generate a training file to try")
    sample.add_argument("path", type=Path, metavar="PATH", help="the file to write")
    sample.add_argument(
        "--conversations",
        type=_whole(1, MOST),
        default=72,
        metavar="N",
        help="how many (default 72)",
    )
    sample.add_argument("--format", choices=("brightrun", "jsonl", "chat"), default="brightrun")


def _add_job_commands(commands: Any) -> None:
    quote = _add(commands, "quote", "lib.cli_jobs:quote", "a numbered quote as a PDF")
    _file(quote)
    add_configuration(quote)
    _details(quote)
    quote.add_argument(
        "--alternatives", action="store_true", help="quote the presets and the other tier too"
    )
    _out(quote)
    launch = _add(
        commands,
        "launch",
        "lib.cli_jobs:launch",
        "start a job; without a running app it works through the queue itself while it waits",
    )
    _file(launch)
    add_configuration(launch)
    _details(launch)
    launch.add_argument(
        "--max-steps", type=_whole(1, MOST), metavar="N", help="end the training after N steps"
    )
    launch.add_argument("--wait", action="store_true", help="wait until the job has ended")

    jobs = commands.add_parser("jobs", help="list, search and show jobs")
    actions = jobs.add_subparsers(metavar="ACTION", required=True)
    listing = _add(actions, "list", "lib.cli_jobs:list_jobs", "all jobs, newest first")
    listing.set_defaults(text="")
    search = _add(actions, "search", "lib.cli_jobs:list_jobs", "jobs whose text contains TEXT")
    search.add_argument("text", type=_text, metavar="TEXT")
    show = _add(actions, "show", "lib.cli_jobs:show", "everything about one job")
    show.add_argument("id", type=_text, metavar="ID")


def _add_quote_commands(commands: Any) -> None:
    quotes = commands.add_parser("quotes", help="list, search, show and download quotes")
    actions = quotes.add_subparsers(metavar="ACTION", required=True)
    listing = _add(actions, "list", "lib.cli_quotes:list_quotes", "all quotes, newest first")
    listing.set_defaults(text="")
    search = _add(actions, "search", "lib.cli_quotes:list_quotes", "quotes that contain TEXT")
    search.add_argument("text", type=_text, metavar="TEXT")
    show = _add(actions, "show", "lib.cli_quotes:show", "one quote with its alternatives")
    download = _add(actions, "download", "lib.cli_quotes:download", "its PDF, as it was issued")
    for action in (show, download):
        action.add_argument("number", type=_text, metavar="NUMBER", help="such as Q-2026-00042")
    _out(download)


def _add_offer_commands(commands: Any) -> None:
    offers = _add(commands, "offers", "lib.cli_offers:list_offers", "GPU offers and their rates")
    actions = offers.add_subparsers(metavar="[ACTION]")
    refresh = _add(actions, "refresh", "lib.cli_offers:refresh", "read the rates from RunPod now")
    refresh.set_defaults(json=argparse.SUPPRESS)  # `offers --json refresh` is meant too


def _add_calibration_commands(commands: Any) -> None:
    calibration = commands.add_parser("calibration", help="what estimates learn from finished runs")
    actions = calibration.add_subparsers(metavar="ACTION", required=True)
    for name, function, summary in (
        ("show", "show", "the version in use, its effects, and all fits"),
        ("refit", "refit", "learn from all finished runs now"),
        ("adopt-cards", "adopt_cards", "take the published card durations for evidence"),
        ("withdraw-cards", "withdraw_cards", "drop the published card durations again"),
    ):
        _add(actions, name, f"lib.cli_calibration:{function}", summary)


def _add_people_commands(commands: Any) -> None:
    budget = commands.add_parser("budget", help="where a month's budget stands")
    actions = budget.add_subparsers(metavar="ACTION", required=True)
    shown = _add(actions, "show", "lib.cli_people:budget", "limit, spent, reserved and jobs")
    shown.add_argument("--user", type=_text, metavar="EMAIL", help="whose (default: the owner's)")
    pdf = _add(actions, "pdf", "lib.cli_people:budget_pdf", "a month's statement for finance")
    pdf.add_argument("--month", type=_text, metavar="YYYY-MM", help="default: this month")
    pdf.add_argument("--user", type=_text, metavar="EMAIL", help="whose (default: the owner's)")
    pdf.add_argument("--team", action="store_true", help="with all who report to that person")
    _out(pdf)

    users = commands.add_parser("users", help="add and list people")
    actions = users.add_subparsers(metavar="ACTION", required=True)
    add = _add(actions, "add", "lib.cli_people:add_user", "add a person; the owner comes first")
    add.add_argument("--name", type=_text, required=True)
    add.add_argument("--email", type=_text, required=True)
    add.add_argument("--role", choices=[str(role) for role in Role], required=True)
    add.add_argument("--monthly-limit", type=_text, metavar="DOLLARS", help="such as 500.00")
    add.add_argument("--manager", type=_text, metavar="EMAIL", help="who approves their requests")
    add.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    _add(actions, "list", "lib.cli_people:list_users", "everybody and their month")


def _add_demo_commands(commands: Any) -> None:
    demo = commands.add_parser("demo", help="made-up data to look around in")
    actions = demo.add_subparsers(metavar="ACTION", required=True)
    fill = _add(actions, "fill", "lib.cli_demo:fill_demo", "fill a database in which nobody is")
    fill.add_argument("--seed", type=_whole(0, MOST), default=1, metavar="N", help="default 1")
    fill.add_argument(
        "--jobs", type=_whole(1, MOST), default=400, metavar="N", help="about how many"
    )


def _add(commands: Any, name: str, run: str, summary: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the training file")


def _out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="PDF", help="the file to write")


def _details(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", type=_text, help="of the job; default: file, preset and date")
    parser.add_argument("--client", type=_text, default="")
    parser.add_argument("--project", type=_text, default="", help="of the client")


def _whole(least: int, most: int) -> Callable[[str], int]:
    """What argparse reads a whole number with."""

    def read(text: str) -> int:
        # Digits are counted first: Python refuses to convert very long numbers.
        plain = text.isascii() and text.isdigit() and len(text) < 10
        if not plain or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r:.40} is not a whole number from {least} to {most}"
            )
        return int(text)

    return read


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("is not UTF-8 text") from None
    return text


if __name__ == "__main__":
    sys.exit(main())
