"""The worker as a process of the app's: started with it, and gone with it however it ends."""

import subprocess
import sys
from contextlib import suppress

from lib.settings import PROJECT

_STOP_SECONDS = 8.0


def start_worker() -> subprocess.Popen[bytes]:
    """Starts a worker that ends when this process does, be it by kill -9."""
    return subprocess.Popen(
        [sys.executable, "-m", "lib.worker", "--with-parent"], cwd=PROJECT, stdin=subprocess.PIPE
    )


def stop_worker(process: subprocess.Popen[bytes]) -> None:
    """Ends the worker within a few seconds; running trainers go on."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
