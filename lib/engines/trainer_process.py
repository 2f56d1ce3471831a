"""Starting the trainer: its own program, its own process group, a config file in, a log out."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from lib.engines.errors import SubmitRefused
from lib.settings import PROJECT, settings

NICENESS = 10  # the app and the database come first
SESSION_NICENESS = 5  # the same, and where others are busy a run still gets a quarter
# Threads that wait for each other sleep instead of spinning. On a machine that others use as well
# a step then takes half the time or less; what is computed is the same.
_ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE"}
TAIL_BYTES = 2000
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def command(action: str, config: Path) -> list[str]:
    """The trainer's command line; the config's path on it is how a run is recognised."""
    return [_python(), "-m", "trainer", action, str(config)]


def write_config(path: Path, values: Mapping[str, Any]) -> None:
    """Writes a config file whole, once: FileExistsError if it is there already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(values, indent=1))
        os.link(draft, path)  # unlike a rename, refuses to replace
    finally:
        draft.unlink(missing_ok=True)


def start(action: str, config: Path, log: Path) -> subprocess.Popen[bytes]:
    """Starts the trainer in a session of its own, so that it outlives whoever started it.

    Raises SubmitRefused where its Python cannot be run, OSError where the log cannot be written.
    """
    arguments = command(action, config)
    if shutil.which(arguments[0]) is None:
        raise SubmitRefused(
            "trainer_missing",
            f"The trainer's Python {arguments[0]} cannot be run. Set TRAINER_PYTHON to one that "
            "has the trainer's requirements.",
        )
    with log.open("ab") as output:
        process = subprocess.Popen(
            arguments,
            cwd=PROJECT,
            env=_ENVIRONMENT | os.environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    give_way(process.pid)
    return process


def give_way(pid: int) -> None:
    """Lets everything else on this machine go first; where that can't be had, nothing is lost.

    Linux may share the processor among sessions before it looks at processes, and then niceness
    counts only within a session. The trainer has one of its own, which has a niceness, too.
    """
    with suppress(psutil.Error, OSError):
        psutil.Process(pid).nice(NICENESS)
        Path(f"/proc/{pid}/autogroup").write_text(str(SESSION_NICENESS))


def log_tail(log: Path) -> str:
    """The end of a log on one line, for messages; empty where there is nothing."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            tail = file.read().decode(errors="replace")
    except OSError:
        return ""
    return " ".join(tail.split())[-500:]


def _python() -> str:
    return str(settings().trainer_python or sys.executable)
