"""The trainer's own measurement of the generated sample: tokens a second, start-up, prediction."""

import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

from lib.datafiles import write_sequences
from lib.datafiles.sample import write_sample
from lib.domain.presets import PRESETS
from lib.engines.probes import run_measurement


def run() -> dict[str, dict[str, Any]]:
    """The measured figures of each preset."""
    with tempfile.TemporaryDirectory() as folder:
        sample, sequences = Path(folder) / "sample.json", Path(folder) / "sequences.jsonl"
        write_sample(sample)
        write_sequences(sample, sequences)
        return {
            name: dict(_measure(Path(folder) / uuid4().hex, sequences, name)) for name in PRESETS
        }


def _measure(run_dir: Path, sequences: Path, preset: str) -> Any:
    hyperparameters = PRESETS[preset].hyperparameters.to_dict()
    return run_measurement(sequences, hyperparameters, run_dir)
