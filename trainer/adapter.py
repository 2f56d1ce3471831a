"""The result: a folder that PEFT loads, taken from the last checkpoint."""

import hashlib
import json
import shutil
from pathlib import Path

from trainer.base_model import TOKENIZER_FILES
from trainer.checkpoints import Checkpoint, sync, sync_tree
from trainer.config import TINY, Config

WEIGHTS = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"
CARD = """\
# LoRA adapter

Trained by job {job_id} on the base model `{base_model}`.

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("adapter")
base = AutoModelForCausalLM.from_pretrained("{load_from}")
model = PeftModel.from_pretrained(base, "adapter")
```
"""


def publish(config: Config, checkpoint: Checkpoint, base_folder: Path) -> str:
    """Writes run_dir/adapter from the final checkpoint, all of it or nothing.

    The tiny base model exists nowhere else, so it goes along in adapter/base_model.

    Returns:
        SHA-256 of the adapter's weights, in hexadecimal.
    """
    target = config.run_dir / "adapter"
    draft = config.run_dir / ".adapter.tmp"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    shutil.copyfile(checkpoint.folder / WEIGHTS, draft / WEIGHTS)
    for name in TOKENIZER_FILES:
        if (base_folder / name).is_file():
            shutil.copyfile(base_folder / name, draft / name)
    tiny = config.base_model == TINY
    if tiny:
        shutil.copytree(base_folder, draft / "base_model")
    settings = json.loads((checkpoint.folder / SETTINGS).read_bytes())
    settings["base_model_name_or_path"] = "base_model" if tiny else config.base_model
    settings["target_modules"] = sorted(settings["target_modules"])  # PEFT's set has any order
    (draft / SETTINGS).write_text(json.dumps(settings, indent=2, sort_keys=True))
    card = CARD.format(
        job_id=config.job_id,
        base_model=config.base_model,
        load_from="adapter/base_model" if tiny else config.base_model,
    )
    (draft / "README.md").write_text(card)
    sync_tree(draft)
    if target.exists():
        shutil.rmtree(target)
    draft.replace(target)
    sync(config.run_dir)
    return hashlib.sha256((target / WEIGHTS).read_bytes()).hexdigest()
