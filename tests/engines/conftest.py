"""A data folder of its own for every test, and a stand-in for the trainer on request."""

import os
import signal
from contextlib import suppress

import pytest

from lib.engines.local import LocalEngine
from tests.engines.helpers import standin_python
from tests.engines.runpod_helpers import Desk


@pytest.fixture(autouse=True)
def data_dir(configure, tmp_path):
    configure(DATA_DIR=tmp_path, TRAINER_THREADS=1)
    return tmp_path


@pytest.fixture
def standin(data_dir, configure):
    """The trainer is one that does what the hyperparameters' plan says."""
    configure(TRAINER_PYTHON=standin_python(data_dir))


@pytest.fixture
def local(standin):
    """A local engine; whatever it has started is ended after the test."""
    engine = LocalEngine()
    yield engine
    for child in engine._children.values():
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@pytest.fixture
def open_desk(runpod):
    """`open_desk(spot="on")`: an engine at the fake RunPod; all that both say is as specified."""
    desks = []

    def make(**options):
        desks.append(Desk(runpod, **options))
        return desks[-1]

    yield make
    for client in (client for desk in desks for client in desk.clients):
        client.close()
    assert runpod.violations == []


@pytest.fixture
def desk(open_desk):
    return open_desk()


@pytest.fixture
def spot_desk(open_desk):
    return open_desk(spot="on")
