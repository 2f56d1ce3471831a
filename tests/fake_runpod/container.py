"""The container of a fake pod, and all that dies with it: `python -m tests.fake_runpod.container`.

A process beside the fake RunPod that runs a command on a disk of its own, again whenever it exits,
as RunPod does. In a real container nothing outlives process 1; here its orphans come to this
process, which ends them. Orders come on standard input, one a line: `term` leaves it the time of a
notice, `kill` none, `freeze` and `thaw` make it a machine that stands still. The end of the input,
for which a server killed by -9 is enough, is `kill`.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil

NOTICE_SECONDS = 5.0  # between SIGTERM and SIGKILL
RESTART_SECONDS = 0.2
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Container:
    def __init__(self, command: list[str], folder: Path) -> None:
        self._command, self._folder = command, folder
        self._over, self._lock = threading.Event(), threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def live(self) -> None:
        """Until an order ends it."""
        while True:
            with self._lock:
                if self._over.is_set():
                    return
                self._process = subprocess.Popen(
                    self._command, cwd=self._folder, stdin=subprocess.DEVNULL
                )
            self._process.wait()
            kill_all()
            self._over.wait(RESTART_SECONDS)

    def obey(self) -> None:
        for order in sys.stdin:
            if order == "freeze\n":
                signal_all(signal.SIGSTOP)
            elif order == "thaw\n":
                signal_all(signal.SIGCONT)
            elif order == "term\n":
                self._end(signal.SIGTERM)
                timer = threading.Timer(NOTICE_SECONDS, self._end, [signal.SIGKILL])
                timer.daemon = True
                timer.start()
            else:
                break
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        with self._lock:
            self._over.set()
            if number is signal.SIGKILL:
                signal_all(number)
            elif self._process is not None:
                signal_all(signal.SIGCONT)
                self._process.send_signal(number)


def signal_all(number: signal.Signals) -> None:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def kill_all() -> None:
    """What process 1 has left behind."""
    while psutil.Process().children():
        signal_all(signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)


def main(disk: Path, app: Path, command: list[str]) -> None:
    """Runs the command beside a copy of `app`'s folder `trainer`; the disk goes in the end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    folder = disk / "app"
    folder.mkdir()
    (folder / "trainer").symlink_to(app / "trainer")
    container = Container(command, folder)
    threading.Thread(target=container.obey, daemon=True).start()
    try:
        container.live()
    finally:
        kill_all()
        shutil.rmtree(disk, ignore_errors=True)
    os._exit(0)  # the other thread holds standard input, which an exit would wait for


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
