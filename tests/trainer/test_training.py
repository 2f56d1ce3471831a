"""What is learned, exactly, and what comes out."""

import json
import math
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.trainer.runs import (
    PRESETS,
    MakeConfig,
    conversations,
    events_of,
    start,
    train_here,
)
from trainer import config as configs
from trainer import dataset, model, sequences, tiny_model
from trainer.conversations import Encoded
from trainer.interruption import StopRequest
from trainer.steps import collate

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, make_config: MakeConfig) -> Path:
    """A base model in a folder of its own, for training files other than the one it is made of."""
    rows, sha256 = sequences.read(make_config().with_name("sequences.jsonl"), None)
    return tiny_model.build(tmp_path_factory.mktemp("base"), rows, sha256)


def batch_of(batch: int, accumulation: int, **more: Any) -> dict[str, Any]:
    sizes = {"per_device_train_batch_size": batch, "gradient_accumulation_steps": accumulation}
    return {"lora_dropout": 0.0, **sizes, **more}


def first_step(config: Path) -> tuple[float, float]:
    """Loss and gradient norm before anything is learned."""
    assert train_here(config) == 0
    step = events_of(config, "step")[0]
    return step["loss"], step["grad_norm"]


def test_a_step_is_the_token_normalised_gradient_of_its_whole_batch(
    make_config: MakeConfig, base: Path
) -> None:
    rows = conversations(4, turns=2, words=40)
    found = []
    for batch, accumulation in ((2, 2), (4, 1), (1, 4)):
        config = make_config(
            rows,
            base_model=str(base),
            max_steps=1,
            hyperparameters=batch_of(batch, accumulation),
        )
        found.append(first_step(config))
    reference = padded_batch_gradient(configs.load(config), base)
    assert found == [pytest.approx(reference, rel=1e-6)] * 3


def padded_batch_gradient(config: configs.Config, base: Path) -> tuple[float, float]:
    """The textbook way: one padded batch, a mask, labels, and the model's own mean loss."""
    encoded = dataset.load(config).encoded
    longest = max(len(each.tokens) for each in encoded)
    inputs = {
        "input_ids": [pad(each.tokens, longest, 0) for each in encoded],
        "attention_mask": [pad([1] * len(each.tokens), longest, 0) for each in encoded],
        "labels": [pad(labels(each), longest, -100) for each in encoded],
    }
    lora = model.load(config, base)
    loss = lora(**{name: torch.tensor(rows) for name, rows in inputs.items()}).loss
    loss.backward()
    gradients = [p.grad.flatten() for p in lora.parameters() if p.grad is not None]
    return loss.item(), torch.cat(gradients).norm().item()


def labels(encoded: Encoded) -> list[int]:
    pairs = zip(encoded.tokens, encoded.targets, strict=True)
    return [token if target else -100 for token, target in pairs]


def pad(row: list[int], length: int, filler: int) -> list[int]:
    return row + [filler] * (length - len(row))


def test_one_sequence_a_conversation_is_one_sequence_a_pair(
    make_config: MakeConfig, base: Path
) -> None:
    whole = conversations(2, turns=3)
    pairs = [pair for row in whole for pair in split_into_pairs(row)]
    gradients = [
        first_step(
            make_config(
                rows,
                base_model=str(base),
                max_steps=1,
                hyperparameters=batch_of(len(rows), 1),
            )
        )
        for rows in (whole, pairs)
    ]
    assert (len(whole), len(pairs)) == (2, 6)
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-5)


def split_into_pairs(row: dict[str, Any]) -> list[dict[str, Any]]:
    """A sequence for each trained turn, which alone is learned."""
    ends = [place for place, message in enumerate(row["messages"]) if message["train"]]
    return [
        {
            "id": f"{row['id']}-{end}",
            "messages": [m | {"train": i == end} for i, m in enumerate(row["messages"][: end + 1])],
        }
        for end in ends
    ]


@pytest.fixture(scope="module", params=PRESETS)
def trained(request: pytest.FixtureRequest, make_config: MakeConfig) -> Path:
    config = make_config(conversations(24), hyperparameters=PRESETS[request.param])
    assert train_here(config) == 0
    return config


def test_each_preset_trains_with_finite_numbers_to_the_planned_end(trained: Path) -> None:
    epochs = json.loads(trained.read_text())["hyperparameters"]["num_train_epochs"]
    steps, [completed] = events_of(trained, "step"), events_of(trained, "completed")
    assert len(steps) == completed["step"] == steps[0]["steps_total"] == 6 * epochs
    for step in steps:
        numbers = (step["loss"], step["grad_norm"], step["learning_rate"], step["epoch"])
        assert all(math.isfinite(number) for number in numbers)
    assert steps[0]["learning_rate"] == 0 < steps[1]["learning_rate"]
    assert completed["tokens_seen"] == events_of(trained, "started")[0]["tokens_per_epoch"] * epochs
    assert [e["reason"] for e in events_of(trained, "checkpoint")] == ["epoch"] * (epochs - 1) + [
        "end"
    ]


def test_a_downloaded_adapter_loads_anywhere_and_knows_the_training_file_better(
    trained: Path, tmp_path: Path
) -> None:
    adapter = shutil.copytree(trained.parent / "adapter", tmp_path / "adapter")
    encoded = dataset.load(configs.load(trained)).encoded
    base = AutoModelForCausalLM.from_pretrained(adapter / "base_model").eval()
    before = mean_loss(base, encoded)
    after = mean_loss(PeftModel.from_pretrained(base, adapter).eval(), encoded)
    assert after < before - 0.005
    assert (
        "/"
        not in json.loads((adapter / "adapter_config.json").read_bytes())["base_model_name_or_path"]
    )


def mean_loss(network: Any, encoded: list[Encoded]) -> float:
    with torch.no_grad():
        batches = [collate([each]) for each in encoded]
        losses = [network(**b).loss.item() * b["labels"].numel() for b in batches]
    return sum(losses) / sum(b["labels"].numel() for b in batches)


def test_the_adapters_tokenizer_writes_conversations_as_they_were_trained(trained: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(trained.parent / "adapter")
    row = conversations(24)[0]
    tokens = tokenizer.apply_chat_template(row["messages"], tokenize=True, return_dict=False)
    assert tokens == dataset.load(configs.load(trained)).encoded[0].tokens


class StopAtWork(StopRequest):
    """Asks to stop at the n-th time that the training looks."""

    def __init__(self, looks: int, reason: str) -> None:
        super().__init__(None)
        self.signal = "SIGTERM"
        self._looks, self._reason = looks, reason

    @property
    def reason(self) -> str | None:
        self._looks -= 1
        return self._reason if self._looks < 0 else None


@pytest.fixture(scope="module")
def unbroken(make_config: MakeConfig) -> dict[str, Any]:
    config = make_config()
    assert train_here(config) == 0
    return events_of(config, "completed")[0]


# A step looks four times: after each of three passes, and at its end.
@pytest.mark.parametrize("looks", [4 * 4, 4 * 4 + 1, 4 * 4 + 2, 4 * 4 + 3])
def test_stopped_in_the_middle_of_a_step_it_resumes_bit_identical(
    make_config: MakeConfig, unbroken: dict[str, Any], looks: int
) -> None:
    config = make_config()
    assert train_here(config, StopAtWork(looks, "signal")) == 3
    [interrupted] = events_of(config, "interrupted")
    assert interrupted["step"] == (5 if looks % 4 == 3 else 4)
    assert events_of(config, "checkpoint")[-1]["reason"] == "signal"
    assert train_here(config) == 0
    assert events_of(config, "started")[1]["resumed_from_step"] == interrupted["step"]
    [completed] = events_of(config, "completed")
    for name in ("adapter_sha256", "train_loss_first", "train_loss_last", "tokens_seen"):
        assert completed[name] == unbroken[name], name


def test_at_its_time_limit_a_run_saves_and_can_go_on(
    make_config: MakeConfig, unbroken: dict[str, Any]
) -> None:
    config = make_config()
    assert train_here(config, StopAtWork(9, "limit")) == 3
    assert events_of(config, "stopped")[0]["reason"] == "max_seconds"
    assert events_of(config, "checkpoint")[-1]["reason"] == "limit"
    assert train_here(config) == 0
    assert events_of(config, "completed")[0]["adapter_sha256"] == unbroken["adapter_sha256"]


def test_a_time_limit_that_is_over_before_the_first_step_leaves_nothing(
    make_config: MakeConfig,
) -> None:
    config = make_config(max_seconds=0.001)
    assert train_here(config, StopRequest(0.001)) == 3
    assert events_of(config)[-1]["step"] == 0
    assert events_of(config, "checkpoint") == []


def test_checkpoints_are_made_by_steps_and_by_time(make_config: MakeConfig) -> None:
    config = make_config(checkpoint_every_steps=2, max_steps=5)
    assert train_here(config) == 0
    saves = [(e["step"], e["reason"]) for e in events_of(config, "checkpoint")]
    assert saves == [(2, "steps"), (3, "epoch"), (4, "steps"), (5, "end")]
    config = make_config(checkpoint_every_seconds=1e-6, max_steps=5)
    assert train_here(config) == 0
    saves = [(e["step"], e["reason"]) for e in events_of(config, "checkpoint")]
    assert saves == [(1, "time"), (2, "time"), (3, "epoch"), (4, "time"), (5, "end")]


def test_it_trains_in_4_bits_and_resumes(make_config: MakeConfig) -> None:
    pytest.importorskip("bitsandbytes")
    config = make_config(quantization="nf4", max_steps=4, checkpoint_every_steps=1)
    assert train_here(config, StopAtWork(4, "signal")) == 3
    assert train_here(config) == 0
    steps, [completed] = events_of(config, "step"), events_of(config, "completed")
    assert [step["step"] for step in steps] == [1, 2, 3, 4]
    assert all(math.isfinite(step["loss"]) for step in steps)
    whole = make_config(quantization="nf4", max_steps=4)
    assert train_here(whole) == 0
    assert events_of(whole, "completed")[0]["adapter_sha256"] == completed["adapter_sha256"]


def test_two_processes_train_one_model_together(
    make_config: MakeConfig, cache: Path, unbroken: dict[str, Any], tmp_path: Path
) -> None:
    """Also, both find no tiny model and build it at once; it is the one that a single one makes."""
    config = make_config(max_steps=2, model_cache=str(tmp_path / "cache"))
    meeting = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    processes = [start("train", config, RANK=r, LOCAL_RANK=r, **meeting) for r in ("0", "1")]
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    assert events_of(config, "completed")[0]["step"] == 2
    newest = config.parent / "checkpoints" / "step-2"
    states = {path.name for path in newest.glob("rng_state_*")}
    assert states == {"rng_state_0.pth", "rng_state_1.pth"}
    [built] = (tmp_path / "cache").iterdir()
    for file in built.iterdir():
        assert file.read_bytes() == (cache / built.name / file.name).read_bytes(), file.name


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize("delay", [0.02, 0.4, 1.5])
def test_sigterm_before_the_first_step_ends_the_run_at_once(
    make_config: MakeConfig, delay: float
) -> None:
    config = make_config()
    process = start("train", config)
    while not (config.parent / "events.jsonl").exists():
        time.sleep(0.01)
    time.sleep(delay)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (3, "")
    assert [(e["kind"], e["step"]) for e in events_of(config)[-1:]] == [("interrupted", 0)]
