"""What a pod is told by its environment; each variable that is missing or wrong is named."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from trainer import config as configs
from trainer.errors import TrainerError

TOKEN = "LORA_CALLBACK_TOKEN"
FOLDER = "/data"
API_URL = "https://api.runpod.io"
LINGER_SECONDS = 300.0  # where the environment cannot be trusted to say it
#: What the trainer, which runs other people's libraries, has no use for.
NOT_FOR_THE_TRAINER = ("LORA_DATA_URL", "LORA_RESULTS_URL", "RUNPOD_API_KEY")


@dataclass(frozen=True)
class Settings:
    """One attempt on one pod. Times in seconds; docs/pods.md explains each variable.

    `max_seconds` holds both limits, of time and of money. `values` is the trainer's config without
    its time limit. Without `pod_id` and `api_key` this is no pod of RunPod's, and there is nothing
    to end.
    """

    attempt: int
    max_seconds: float
    dead_man_seconds: float
    linger_seconds: float
    ordered_at: datetime | None
    values: Mapping[str, Any]
    data_url: str = field(repr=False)
    results_url: str = field(repr=False)
    callback_url: str
    callback_token: bytes = field(repr=False)
    api_url: str = API_URL
    pod_id: str | None = None
    api_key: str | None = field(default=None, repr=False)

    @property
    def job_id(self) -> str:
        return str(self.values["job_id"])

    @property
    def run_dir(self) -> Path:
        return Path(self.values["run_dir"])

    @property
    def sequences(self) -> Path:
        return Path(self.values["sequences"])


def read(environment: Mapping[str, str]) -> Settings:
    """Raises TrainerError: bad_config, naming the first variable that will not do."""
    variables = _Variables(environment)
    attempt = variables.whole("LORA_ATTEMPT")
    job_id = variables.text("LORA_JOB_ID")
    callback_url = variables.url("LORA_CALLBACK_URL")
    token = variables.text(TOKEN)
    rate = variables.amount("LORA_HOURLY_RATE")
    dollars = variables.amount("LORA_MAX_DOLLARS")
    seconds = Decimal(variables.whole("LORA_MAX_SECONDS"))
    if rate > 0:
        seconds = min(seconds, dollars / rate * 3600)
    folder = Path(environment.get("LORA_FOLDER") or FOLDER)
    values = variables.trainer_config(
        job_id=job_id,
        attempt=attempt,
        run_dir=str(folder / "run"),
        sequences=str(folder / "sequences.jsonl"),
        model_cache=str(folder / "models"),
        callback_url=callback_url,
        callback_secret_env=TOKEN,
    )
    return Settings(
        attempt=attempt,
        max_seconds=float(seconds),
        dead_man_seconds=variables.whole("LORA_DEAD_MAN_SECONDS"),
        linger_seconds=variables.whole("LORA_LINGER_SECONDS", least=0),
        ordered_at=variables.moment("LORA_ORDERED_AT"),
        values=values,
        data_url=variables.url("LORA_DATA_URL"),
        results_url=variables.url("LORA_RESULTS_URL"),
        callback_url=callback_url,
        callback_token=token.encode(),
        **own_end(environment),
    )


def own_end(environment: Mapping[str, str]) -> dict[str, Any]:
    """What a pod needs to end itself, also one whose other variables will not do."""
    return {
        "api_url": environment.get("LORA_API_URL") or API_URL,
        "pod_id": environment.get("RUNPOD_POD_ID") or None,
        "api_key": environment.get("RUNPOD_API_KEY") or None,
    }


class _Variables:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            raise configs.bad(f"The environment variable {name} is missing.")
        return value

    def url(self, name: str) -> str:
        """Never shown: addresses are signed."""
        value = self.text(name)
        if not value.startswith(("http://", "https://")) or " " in value:
            raise configs.bad(f"{name} must be an http or https address.")
        return value

    def whole(self, name: str, least: int = 1) -> int:
        value = self.text(name)
        wanted = f"a whole number from {least}"
        return self._converted(name, value, wanted, int, lambda number: number >= least)

    def amount(self, name: str) -> Decimal:
        value = self.text(name)
        return self._converted(
            name,
            value,
            "an amount in dollars",
            Decimal,
            lambda amount: amount.is_finite() and amount >= 0,
        )

    def moment(self, name: str) -> datetime | None:
        """A time with its zone; None where there is none."""
        value = self._environment.get(name, "").strip()
        if not value:
            return None
        wanted = "a time in ISO 8601 with its zone"
        moment: datetime = self._converted(
            name, value, wanted, datetime.fromisoformat, lambda moment: moment.tzinfo is not None
        )
        return moment.astimezone(UTC)

    def trainer_config(self, **own: Any) -> dict[str, Any]:
        """LORA_CONFIG with the pod's own fields, checked as the trainer will check it."""
        try:
            given = json.loads(self.text("LORA_CONFIG"))
        except (ValueError, RecursionError) as error:
            raise configs.bad("LORA_CONFIG must be JSON.", str(error)) from error
        if not isinstance(given, dict):
            raise configs.bad("LORA_CONFIG must be a JSON object.")
        values = {"contract": configs.CONTRACT, **given, **own, "max_seconds": None}
        try:
            configs.parse(values)
        except TrainerError as failure:
            message = f"LORA_CONFIG: {failure.message}"
            raise TrainerError(failure.code, message, failure.detail) from failure
        return values

    @staticmethod
    def _converted(
        name: str,
        value: str,
        wanted: str,
        convert: Callable[[str], Any],
        accepts: Callable[[Any], bool],
    ) -> Any:
        try:
            converted = convert(value)
        except (ValueError, InvalidOperation):
            converted = None
        if converted is None or not accepts(converted):
            raise configs.bad(f"{name} must be {wanted}, not {value[:100]!r}.")
        return converted
