"""Every environment variable that the system reads, typed, with its default and meaning."""

import os
from decimal import Decimal
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lib import setting_rules as rules

PROJECT = Path(__file__).resolve().parent.parent
SpotPolicy = Literal["auto", "on", "off"]
RENTED_MODEL = "meta-llama/Llama-3.1-70B-Instruct"  # the published formula is about such a one


class SettingsError(Exception):
    """An environment variable has a value that cannot be used; the message names it."""


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
    billing_time_zone: Annotated[str, AfterValidator(rules.known_time_zone)] = Field(
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
    runpod_api_key: Annotated[SecretStr, AfterValidator(rules.usable_key)] | None = Field(
        None,
        description="RunPod API key: rates and stock are then read from RunPod every 24 hours, and "
        "jobs may start there.",
    )
    runpod_api_url: Annotated[str, AfterValidator(rules.base_url)] = Field(
        "https://api.runpod.io", description="Base address of RunPod's REST API, version 2."
    )
    runpod_graphql_url: Annotated[str, AfterValidator(rules.base_url)] = Field(
        "https://api.runpod.io/graphql",
        description="Address of RunPod's GraphQL API, the only one that knows spot prices.",
    )
    runpod_spot: SpotPolicy = Field(
        "auto",
        description="Spot pods. auto: where RunPod has lately named a price for one; on: also "
        "where it has not; off: never.",
    )
    runpod_data_centers: Annotated[str, AfterValidator(rules.data_centers)] = Field(
        "",
        description="RunPod's data centres to rent in, comma-separated, the preferred one first, "
        "such as EU-RO-1,EU-CZ-1; empty: any.",
    )
    runpod_registry: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{1,100}$",
        description="RunPod's id of the credential for a private TRAINER_IMAGE.",
    )
    runpod_parallel_runs: int | None = Field(
        None, ge=1, le=1000, description="Pods that may run at once; default: no limit."
    )
    runpod_prefix: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]{1,40}$",
        description="Begins the names of this installation's pods, which it takes for its own; "
        "default: made from PUBLIC_URL.",
    )
    runpod_disk_gb: int = Field(
        250,
        ge=20,
        le=350,  # beyond it the disk costs more than a pod's price may differ from the offer's
        description="Disk of a pod in GB: the base model, and some checkpoints.",
    )
    trainer_image: Annotated[str, AfterValidator(rules.image_name)] | None = Field(
        None,
        description="The trainer's image, which pods run; jobs start at RunPod once it is set.",
    )
    rented_base_model: Annotated[str, AfterValidator(rules.model_name)] = Field(
        RENTED_MODEL, description="Base model that pods train, by its name at the model hub."
    )
    rented_quantization: Literal["nf4", "none"] = Field(
        "nf4", description="How pods load the base model: nf4 (4 bits) or none."
    )
    hf_token: Annotated[SecretStr, AfterValidator(rules.usable_key)] | None = Field(
        None, description="Token of the model hub for a gated base model; pods get it as a secret."
    )
    public_url: Annotated[str, AfterValidator(rules.base_url)] = Field(
        "http://localhost:8501",
        description="Address under which people reach the app; links in mails begin with it.",
    )
    smtp_url: Annotated[SecretStr, AfterValidator(rules.mail_server)] | None = Field(
        None,
        description="Mail server: smtp://user:password@host:587?tls=starttls or smtps://…; without "
        "one, mail waits on the Outbox page.",
    )
    mail_from: Annotated[str, AfterValidator(rules.mail_address)] = Field(
        "lora-pipeline@localhost", description="Address that mail is sent from."
    )
    chat_url: Annotated[SecretStr, AfterValidator(rules.chat_address)] | None = Field(
        None,
        description="Apprise address of the team's chat, such as slack://… or json://host/path; "
        "without one, jobs are shared by link and mail.",
    )
    budget_request_days: int = Field(
        7, ge=1, le=90, description="Days until an undecided budget request expires."
    )

    storage_url: Annotated[SecretStr, AfterValidator(rules.storage_address)] | None = Field(
        None,
        description="Object storage for the data and results of rented runs: "
        "s3://bucket/prefix?endpoint_url=https://… or any fsspec address; without one, pods in "
        "DATA_DIR.",
    )
    max_run_result_gb: int = Field(
        20,
        ge=1,
        le=500,
        description="Largest checkpoint or adapter that a rented run may bring home, in GB.",
    )
    run_results_days: int = Field(
        14,
        ge=1,
        le=365,
        description="Days for which checkpoints and data of an ended rented run are kept.",
    )

    trusted_proxies: Annotated[str, AfterValidator(rules.networks)] = Field(
        "",
        description="Networks, comma-separated, of the proxies in front whose X-Forwarded-For is "
        "believed, such as 10.0.0.0/8.",
    )

    metrics_token: Annotated[SecretStr, AfterValidator(rules.usable_key)] | None = Field(
        None,
        description="Bearer token that /metrics asks for; without one it answers this machine "
        "alone.",
    )

    @property
    def data_path(self) -> Path:
        """`data_dir` as an absolute path."""
        return (PROJECT / self.data_dir).resolve()

    @property
    def import_path(self) -> Path:
        return (PROJECT / (self.import_dir or self.data_path / "import")).resolve()

    @property
    def data_centers(self) -> tuple[str, ...]:
        """`runpod_data_centers` one by one."""
        return tuple(filter(None, map(str.strip, self.runpod_data_centers.split(","))))

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """`trusted_proxies` as networks."""
        return rules.read_networks(self.trusted_proxies)

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
