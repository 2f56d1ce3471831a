"""What the commands' arguments are made of: how they are added and read."""

import argparse
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from lib.cli.output import visible
from lib.domain.money import parse_usd
from lib.domain.spending_cap import check_cap

REFUSED = 2
MOST = 1_000_000


class Parser(argparse.ArgumentParser):
    """Reports a bad argument as every other error is reported: on one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(REFUSED, f"error: {visible(message)} (see {self.prog} --help)\n")


def add(commands: Any, name: str, run: str, summary: str) -> argparse.ArgumentParser:
    """Adds a command that runs "module:function", imported only when it is called."""
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def file_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the training file")


def out_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="PDF", help="the file to write")


def detail_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", type=text, help="of the job; default: file, preset and date")
    parser.add_argument("--client", type=text, default="")
    parser.add_argument("--project", type=text, default="", help="of the client")
    cap_argument(parser)


def cap_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cap",
        type=_cap,
        metavar="DOLLARS",
        help="the most that the job may cost; default: the estimate's maximum and the grace",
    )


def _cap(typed: str) -> Decimal:
    try:
        return check_cap(parse_usd(typed, "Spending cap"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def whole(least: int, most: int) -> Callable[[str], int]:
    """What argparse reads a whole number with."""

    def read(typed: str) -> int:
        # Digits are counted first: Python refuses to convert very long numbers.
        plain = typed.isascii() and typed.isdigit() and len(typed) < 10
        if not plain or not least <= int(typed) <= most:
            raise argparse.ArgumentTypeError(
                f"{typed!r:.40} is not a whole number from {least} to {most}"
            )
        return int(typed)

    return read


def text(typed: str) -> str:
    """What argparse reads any text with."""
    try:
        typed.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("is not UTF-8 text") from None
    return typed
