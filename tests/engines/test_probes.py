"""Measurements and token counts, by the real trainer, and what is said when they fail."""

import json
import time
from threading import Event, Timer

import pytest

from lib.datafiles import write_sequences
from lib.datafiles.sample import write_sample
from lib.domain.presets import hyperparameters
from lib.engines.errors import Stopped, TrainerProblem
from lib.engines.probes import count_tokens, run_measurement

PARAMETERS = hyperparameters("conservative", {}).to_dict()


@pytest.fixture
def sequences(tmp_path):
    write_sample(tmp_path / "file.json", conversations=3)
    write_sequences(tmp_path / "file.json", tmp_path / "sequences.jsonl")
    return tmp_path / "sequences.jsonl"


def test_tokens_are_counted_by_the_trainer(sequences, tmp_path):
    counted = count_tokens(sequences, tmp_path / "tokens")
    assert counted["sequences"] == 3
    assert counted["tokens_total"] > counted["target_tokens_total"] > counted["sequences"]
    assert json.loads((tmp_path / "tokens" / "tokens.json").read_bytes()) == counted


def test_bad_sequences_are_reported_in_the_trainers_words(sequences, tmp_path):
    sequences.write_text('{"id": "a"}\n')
    with pytest.raises(TrainerProblem, match="Line 1"):
        count_tokens(sequences, tmp_path / "tokens")


def test_bad_hyperparameters_are_reported_by_name(sequences, tmp_path):
    with pytest.raises(TrainerProblem, match=r"hyperparameters\.r"):
        run_measurement(sequences, {**PARAMETERS, "r": 0}, tmp_path / "measurement")


def test_an_old_answer_is_never_taken_for_the_new_one(sequences, tmp_path, standin):
    (tmp_path / "measurement").mkdir()
    (tmp_path / "measurement" / "measurement.json").write_text('{"old": true}')
    with pytest.raises(TrainerProblem, match=r"no readable measurement\.json"):
        run_measurement(sequences, {"plan": "started"}, tmp_path / "measurement")


def test_a_trainer_that_crashes_is_quoted(sequences, tmp_path, standin):
    with pytest.raises(TrainerProblem, match="No module named 'torch'"):
        run_measurement(sequences, {"plan": "crash"}, tmp_path / "measurement")


def test_a_trainer_that_hangs_is_ended_at_the_time_limit(sequences, tmp_path, standin):
    with pytest.raises(TrainerProblem, match="took longer than"):
        run_measurement(sequences, {"plan": "hang"}, tmp_path / "measurement", timeout=0.3)


def test_a_measurement_is_given_up_as_soon_as_the_worker_has_to_stop(sequences, tmp_path, standin):
    stop = Event()
    Timer(0.2, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        run_measurement(sequences, {"plan": "hang"}, tmp_path / "measurement", stop=stop)
    assert time.monotonic() - began < 3


def test_a_missing_trainer_is_said_plainly(sequences, tmp_path, configure):
    configure(TRAINER_PYTHON="/nowhere/python")
    with pytest.raises(TrainerProblem, match="TRAINER_PYTHON"):
        count_tokens(sequences, tmp_path / "tokens")
