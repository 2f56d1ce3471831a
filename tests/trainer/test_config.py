"""The config file is checked before anything else happens."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.runs import PRESETS, MakeConfig, change_config, events_of
from trainer import config as configs
from trainer.__main__ import main
from trainer.errors import Code, TrainerError


@pytest.fixture
def values(make_config: MakeConfig) -> dict[str, Any]:
    return json.loads(make_config().read_text())


def message_for(values: Any) -> str:
    with pytest.raises(TrainerError) as failure:
        configs.parse(values)
    assert failure.value.code == Code.BAD_CONFIG
    return failure.value.message


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_is_a_valid_config(values: dict[str, Any], preset: str) -> None:
    config = configs.parse(values | {"hyperparameters": PRESETS[preset]})
    assert config.hyperparameters.sequences_per_step == 4
    assert config.hyperparameters.r == PRESETS[preset]["r"]


def test_optional_fields_have_the_documented_defaults(values: dict[str, Any]) -> None:
    del values["threads"]
    config = configs.parse(values | {"max_steps": None, "callback_url": None})
    assert (config.seed, config.threads, config.quantization) == (42, 2, "none")
    assert (config.checkpoint_every_steps, config.checkpoint_every_seconds) == (100, 300)
    assert (config.warmup_steps, config.measured_steps) == (3, 20)
    assert config.max_steps is config.max_seconds is config.max_sequence_tokens is None


BAD_FIELDS = [
    ("contract", 2),
    ("contract", True),
    ("job_id", ""),
    ("job_id", None),
    ("attempt", 0),
    ("attempt", "1"),
    ("run_dir", "relative/path"),
    ("run_dir", "/a\0b"),
    ("sequences", None),
    ("sequences_sha256", "abc"),
    ("base_model", "no such form"),
    ("base_model", "../etc"),
    ("model_cache", 5),
    ("hyperparameters", []),
    ("max_steps", 0),
    ("seed", -1),
    ("seed", 1.5),
    ("threads", 0),
    ("quantization", "int8"),
    ("checkpoint_every_steps", 0),
    ("checkpoint_every_seconds", 0),
    ("checkpoint_every_seconds", float("nan")),
    ("max_sequence_tokens", 1),
    ("max_seconds", -1),
    ("callback_url", "file:///etc/passwd"),
    ("callback_url", "https://"),
    ("callback_secret_env", ""),
    ("warmup_steps", -1),
    ("measured_steps", 0),
]


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS)
def test_a_bad_field_is_named(values: dict[str, Any], field: str, value: object) -> None:
    assert message_for(values | {field: value}).startswith(f"{field} must be ")


BAD_HYPERPARAMETERS = [
    ("r", 0),
    ("r", True),
    ("lora_alpha", 0),
    ("lora_dropout", 1),
    ("target_modules", []),
    ("target_modules", ["q_proj", "q_proj"]),
    ("target_modules", "all-linear"),
    ("learning_rate", 0),
    ("learning_rate", float("inf")),
    ("num_train_epochs", 1.5),
    ("per_device_train_batch_size", 0),
    ("gradient_accumulation_steps", None),
    ("warmup_ratio", 1),
    ("lr_scheduler_type", "sawtooth"),
]


@pytest.mark.parametrize(("field", "value"), BAD_HYPERPARAMETERS)
def test_a_bad_hyperparameter_is_named(values: dict[str, Any], field: str, value: object) -> None:
    hyperparameters = values["hyperparameters"] | {field: value}
    message = message_for(values | {"hyperparameters": hyperparameters})
    assert message.startswith(f"hyperparameters.{field} must be ")


def test_unknown_and_missing_fields_are_named(values: dict[str, Any]) -> None:
    assert message_for(values | {"lr": 1}) == "lr is not a field of this contract."
    hyperparameters = values["hyperparameters"] | {"rank": 8}
    assert "hyperparameters.rank" in message_for(values | {"hyperparameters": hyperparameters})
    del values["run_dir"]
    assert message_for(values) == "run_dir is missing."
    assert message_for([1]) == "The config must be a JSON object."


def test_a_refused_config_ends_with_code_2_and_an_event(
    make_config: MakeConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config(seed="x")
    assert main(["train", str(config)]) == 2
    [failed] = events_of(config)
    assert (failed["kind"], failed["code"]) == ("failed", "bad_config")
    assert failed["message"] == 'seed must be a whole number from 0 to 2147483647, not "x".'
    assert capsys.readouterr().err.startswith("bad_config: seed")


def test_a_file_that_is_no_config_ends_with_code_2(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    assert main(["train", str(tmp_path / "broken.json")]) == 2
    assert main(["train", str(tmp_path / "absent.json")]) == 2


def test_a_callback_secret_that_is_not_there_is_named(make_config: MakeConfig) -> None:
    config = change_config(
        make_config(), callback_url="http://localhost:9", callback_secret_env="NO_SUCH_SECRET"
    )
    assert main(["count-tokens", str(config)]) == 2
    assert "NO_SUCH_SECRET" in events_of(config, "failed")[0]["message"]
