"""Small training runs for real, one at a time, each with the wall time that it took."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from lib.datafiles import import_pass
from lib.datafiles.sample import write_sample
from lib.domain.presets import PRESETS
from lib.engines import trainer_process
from lib.engines.configuration import trainer_config

SEED = 20
FILE_SIZES = (12, 20, 36, 64, 110, 190)  # conversations
BASES = ("tiny", "wider")
_EPOCHS = (1, 2, 3, 4)

#: Builds the tiny model of every file of sequences, and one wider model with the last tokenizer.
_BUILD = """
import shutil, sys
from pathlib import Path
from transformers import LlamaConfig, LlamaForCausalLM
from trainer import sequences, tiny_model
cache, wider, *files = map(Path, sys.argv[1:])
for file in files:
    folder = tiny_model.build(cache, *sequences.read(file, None))
shutil.copytree(folder, wider)
config = LlamaConfig.from_pretrained(folder)
config.hidden_size, config.intermediate_size, config.num_hidden_layers = 192, 512, 3
LlamaForCausalLM(config).save_pretrained(wider)
"""


@dataclass(frozen=True)
class SampleFile:
    """A generated training file, ready for the trainer."""

    sequences: Path
    conversations: int
    pairs: int
    tokens: int


@dataclass(frozen=True)
class TimedRun:
    """A run to train, and once it is trained the seconds from its start to its exit."""

    base_model: str
    preset: str
    epochs: int
    file: SampleFile
    seconds: float = 0.0
    load: float = 0.0  # the machine's load average in the minute before the run


def plan(files: Sequence[SampleFile], count: int) -> list[TimedRun]:
    """So many different runs, drawn and put in order by a fixed seed.

    Bases and presets come up equally often; files and epochs as they are drawn.
    """
    dice = random.Random(SEED)  # noqa: S311 - not for secrets
    kinds = list(product(BASES, PRESETS))
    free = {kind: dice.sample(list(product(files, _EPOCHS)), len(files) * 4) for kind in kinds}
    runs = []
    for number in range(count):
        base_model, preset = kinds[number % len(kinds)]
        file, epochs = free[base_model, preset].pop()
        runs.append(TimedRun(base_model, preset, epochs, file))
    dice.shuffle(runs)
    return runs


def prepare(folder: Path) -> list[SampleFile]:
    """Writes the sample files and builds the base models, which no run's time includes."""
    files = [_sample(folder, conversations) for conversations in FILE_SIZES]
    paths = [str(file.sequences) for file in files]
    subprocess.run(
        [sys.executable, "-c", _BUILD, str(folder / "models"), str(folder / "wider"), *paths],
        check=True,
        capture_output=True,
    )
    return [replace(file, tokens=_tokens(folder, file)) for file in files]


def train(folder: Path, runs: Sequence[TimedRun]) -> Iterator[TimedRun]:
    """Trains the runs in order, one at a time; each comes back with its wall time.

    The time is the trainer process's own: start-up, tokenising, training, checkpoints, saving.
    """
    for number, run in enumerate(runs):
        load, began = os.getloadavg()[0], time.perf_counter()
        _trainer(folder / f"run-{number}", "train", folder, run)
        yield replace(run, seconds=time.perf_counter() - began, load=load)


def _sample(folder: Path, conversations: int) -> SampleFile:
    source = folder / f"{conversations}.json"
    sequences = source.with_suffix(".jsonl")
    write_sample(source, conversations=conversations, seed=conversations)
    summary, _ = import_pass(source, sequences)
    return SampleFile(sequences, summary.conversations, summary.training_pairs, tokens=0)


def _tokens(folder: Path, file: SampleFile) -> int:
    """What the app's worker counts of a new file: the tiny tokenizer's tokens."""
    run_dir = folder / f"count-{file.conversations}"
    _trainer(run_dir, "count-tokens", folder, TimedRun("tiny", "balanced", 1, file))
    return int(json.loads((run_dir / "tokens.json").read_bytes())["tokens_total"])


def _trainer(run_dir: Path, action: str, folder: Path, run: TimedRun) -> None:
    parameters = replace(PRESETS[run.preset].hyperparameters, num_train_epochs=run.epochs)
    config = trainer_config(
        job_id=run_dir.name,
        attempt=1,
        run_dir=str(run_dir),
        sequences=str(run.file.sequences),
        hyperparameters=parameters.to_dict(),
        model_cache=str(folder / "models"),
    )
    base_model = "tiny" if run.base_model == "tiny" else str(folder / run.base_model)
    trainer_process.write_config(run_dir / "config.json", {**config, "base_model": base_model})
    log = run_dir / "trainer.log"
    process = trainer_process.start(action, run_dir / "config.json", log)
    if process.wait() != 0:
        raise RuntimeError(f"{action} ended with an error: {trainer_process.log_tail(log)}")
