"""The command `count-tokens`: the size of the training set for a base model, within a second."""

import json

from trainer import dataset
from trainer.checkpoints import write_atomically
from trainer.config import TINY, Config


def run(config: Config) -> int:
    """Writes run_dir/tokens.json. Sequences that are too long are listed, not an error.

    Raises:
        TrainerError: bad_data, data_changed or model_not_found.
    """
    summary = dataset.load(config).summary()
    summary["base_model"] = config.base_model
    summary["tokenizer"] = (
        "byte-level BPE of this file" if config.base_model == TINY else config.base_model
    )
    write_atomically(config.run_dir / "tokens.json", json.dumps(summary, indent=2).encode())
    return 0
