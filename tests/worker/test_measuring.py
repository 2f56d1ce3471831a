"""Measurements that fail, and who may run them; a real one is in test_real_run."""

from threading import Event

import pytest

from lib.db import measurements
from lib.db.connection import reading, transaction
from lib.worker import measuring

GO_ON = Event()
PLAN = {"storage_key": "none", "hyperparameters": {"plan": "crash"}}


@pytest.fixture
def ask(standin):
    def put(**request):
        with transaction() as connection:
            measurements.ask(connection, "key", "local", request)

    return put


def read():
    with reading() as connection:
        return measurements.by_key(connection, "key")


def test_a_trainer_that_fails_gives_an_answer_in_words(ask):
    ask(**PLAN)
    assert measuring.tick(GO_ON) is True
    assert (read().status, "No module named 'torch'" in read().error) == ("failed", True)
    assert measuring.tick(GO_ON) is False


def test_a_question_that_makes_no_sense_is_answered_too(ask):
    ask(nonsense=True)
    measuring.tick(GO_ON)
    assert (read().status, "unexpected" in read().error) == ("failed", True)


def test_a_worker_that_has_to_stop_leaves_the_question_to_the_next(ask):
    ask(**{**PLAN, "hyperparameters": {"plan": "hang"}})
    stop = Event()
    stop.set()
    measuring.tick(stop)
    assert (read().status, read().lease_token) == ("pending", None)


def test_a_failed_measurement_can_be_asked_for_again(ask):
    ask(**PLAN)
    measuring.tick(GO_ON)
    ask(**PLAN)
    assert read().status == "pending"
    assert measuring.tick(GO_ON) is True
