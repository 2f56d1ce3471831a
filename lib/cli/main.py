"""The command line: the services of the pages without a browser (`python -m lib.cli --help`).

Results go to standard output, as text or with --json as JSON; progress goes to standard error.
Exit codes: 0 done, 1 a launched job ended without success or a checked file is not intact, 2 the
command could not be carried out (one line on standard error says why), 130 interrupted.
"""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence

from lib.cli.arguments import REFUSED
from lib.cli.commands import parser
from lib.cli.output import Output, to_json, visible

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    options = parser().parse_args(arguments)
    logging.basicConfig(handlers=[logging.NullHandler()])  # what matters is said in one line
    try:
        output = _command(options)(options)
        if output is None:
            return 0
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


def _command(options: argparse.Namespace) -> Callable[[argparse.Namespace], Output | None]:
    """The function named "module:function", so that --help imports no database.

    It returns None where it has written its result itself.
    """
    module, _, function = options.run.partition(":")
    return getattr(importlib.import_module(module), function)
