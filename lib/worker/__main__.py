"""python -m lib.worker [--with-parent]: the loops that run jobs, measurements and enrichment."""

import argparse
import logging
import os
import signal
import sys
import threading
from threading import Event

from lib.db.connection import dispose
from lib.worker.loop import Worker


def main() -> None:
    """Runs until SIGTERM or SIGINT, or until standard input closes with --with-parent."""
    parser = argparse.ArgumentParser(prog="python -m lib.worker", description=__doc__)
    parser.add_argument(
        "--with-parent", action="store_true", help="end when standard input is closed"
    )
    options = parser.parse_args()
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("lib").setLevel(logging.INFO)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if options.with_parent:
        threading.Thread(target=_await_end_of_input, args=(stop,), daemon=True).start()
    Worker(stop).run()
    dispose()


def _await_end_of_input(stop: Event) -> None:
    """The parent holds the other end: however it dies, the pipe is closed then."""
    os.read(sys.stdin.fileno(), 1)  # not through a buffer, whose lock would hold up the exit
    stop.set()


if __name__ == "__main__":
    main()
