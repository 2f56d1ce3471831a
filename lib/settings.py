"""Every environment variable that the system reads, typed, with its default and meaning."""

import os
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """An environment variable has a value that cannot be used; the message names it."""


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):  # neither is what pydantic takes for a bad value
        raise ValueError("is not a time zone such as Europe/Berlin") from None
    return name


class Settings(BaseSettings):
    """Read from the environment; a field's name in capitals is the variable's name."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    data_dir: Path = Field(
        Path(".data"),
        description="Folder of all embedded state: database, files, runs. Relative to the project.",
    )
    database_url: str | None = Field(
        None,
        description="postgresql:// address of a served PostgreSQL 15 or later; replaces the "
        "embedded server.",
    )
    worker: Literal["on", "off"] = Field(
        "on", description="off: the app starts no worker; run `python -m lib.worker` elsewhere."
    )
    session_days: int = Field(7, ge=1, le=90, description="Days until a sign-in expires.")
    company_name: str = Field(
        "LoRA Pipeline", max_length=80, description="The name that heads every quote."
    )
    quote_valid_days: int = Field(14, ge=1, le=365, description="Days that a quote stays valid.")
    billing_time_zone: Annotated[str, AfterValidator(_known_time_zone)] = Field(
        "UTC", description="Time zone in which a billing month begins and ends."
    )
    default_monthly_limit: Decimal = Field(
        Decimal("500.00"),
        ge=0,
        le=Decimal("9999999999.99"),
        decimal_places=2,
        description="Monthly budget in dollars of a new user.",
    )
    budget_grace_percent: Decimal = Field(
        Decimal(10), ge=0, le=100, description="How far above the limit a job may go, in percent."
    )
    max_training_file_mb: int = Field(
        100, ge=1, le=2000, description="Largest training file that is imported, in MB."
    )
    import_dir: Path | None = Field(
        None,
        description="Folder whose training files the Dataset page offers for import; default: "
        "import in DATA_DIR.",
    )
    trainer_python: Path | None = Field(
        None, description="Python that has trainer/requirements.txt; default: the app's own."
    )
    trainer_threads: int = Field(
        os.cpu_count() or 1, ge=1, le=256, description="CPU threads of a local training run."
    )
    local_base_model: str = Field(
        "tiny",
        description="Base model of local runs: tiny (built offline), a model folder or a hub name.",
    )
    local_hourly_rate: Decimal = Field(
        Decimal("0.00"),
        ge=0,
        le=10_000,
        decimal_places=2,
        description="What an hour on this machine is charged, in dollars.",
    )
    local_parallel_runs: int = Field(
        1, ge=1, le=64, description="Local runs that may train at once; further jobs wait."
    )

    @property
    def data_path(self) -> Path:
        """`data_dir` as an absolute path."""
        return (PROJECT / self.data_dir).resolve()

    @property
    def import_path(self) -> Path:
        return (PROJECT / (self.import_dir or self.data_path / "import")).resolve()

    @property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.billing_time_zone)


@cache
def settings() -> Settings:
    """The settings of this process. Raises SettingsError naming each bad variable."""
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors()
        )
        raise SettingsError(faults) from None
