"""The app keeps a worker: one that is killed is replaced, and none is left when the app is gone."""

import time

import psutil

from tests.browser.conftest import App


def test_a_killed_worker_is_replaced_and_a_killed_app_leaves_none(app: App) -> None:
    assert app.process is not None
    first = wait_for_worker(app.process.pid)
    first.kill()
    second = wait_for_worker(app.process.pid, other_than=first.pid)
    app.kill()
    assert second.wait(timeout=15) is None  # not our child: gone, without a status to read
    app.start()


def wait_for_worker(app_pid: int, other_than: int | None = None) -> psutil.Process:
    for _ in range(100):
        for child in psutil.Process(app_pid).children():
            alive = child.status() != psutil.STATUS_ZOMBIE and child.pid != other_than
            if alive and "lib.worker" in child.cmdline():
                return child
        time.sleep(0.2)
    raise AssertionError("the app has no worker")
