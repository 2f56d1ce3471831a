"""Every environment variable that the system reads, typed, with its default and meaning."""

import os
import re
from decimal import Decimal
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, ValidationError
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


def _base_url(address: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", address):
        raise ValueError("is not an address such as https://api.example.com")
    urlsplit(address).port  # noqa: B018  raises ValueError on a bad port or host
    return address.rstrip("/")


def _usable_key(key: SecretStr) -> SecretStr:
    """A key goes into an HTTP header: what cannot stand there is refused without repeating it."""
    if not re.fullmatch(r"[\x21-\x7e]{1,500}", key.get_secret_value()):
        raise ValueError("is no usable key: it has spaces, line breaks or letters beyond ASCII")
    return key


def _mail_server(address: SecretStr) -> SecretStr:
    """What cannot be used is refused without repeating it, since it may hold a password."""
    example = "is not an address such as smtp://user:password@mail.example.com:587?tls=starttls"
    try:
        parts = urlsplit(address.get_secret_value())
        host, _port = parts.hostname, parts.port  # both may raise
    except ValueError:
        raise ValueError(example) from None
    ways = {"smtps": ("",), "smtp": ("", "tls=none", "tls=starttls")}
    if not host or parts.path not in ("", "/") or parts.query not in ways.get(parts.scheme, ()):
        raise ValueError(example)
    encrypted = parts.scheme == "smtps" or parts.query == "tls=starttls"
    if parts.password and not encrypted and host not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("would send the password in the clear: add ?tls=starttls, or use smtps://")
    return address


def _mail_address(address: str) -> str:
    if not re.fullmatch(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,255}", address):
        raise ValueError("is not an e-mail address such as desk@example.com")
    return address


def _chat_address(address: SecretStr) -> SecretStr:
    """Its form alone: which services there are, Apprise knows. It may hold a password, too."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s,]+", address.get_secret_value()):
        raise ValueError("is not one Apprise address such as slack://… or json://host/path")
    return address


def _networks(text: str) -> str:
    _read_networks(text)  # raises ValueError naming what is not one
    return text


def _read_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """`10.0.0.0/8, 192.0.2.7` read. Raises ValueError naming what is not a network."""
    found = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            found.append(ip_network(part))
        except ValueError:
            raise ValueError(f"{part!r:.60} is not a network such as 10.0.0.0/8") from None
    return tuple(found)


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
    runpod_api_key: Annotated[SecretStr, AfterValidator(_usable_key)] | None = Field(
        None,
        description="RunPod API key: rates and stock are then read from RunPod every 24 hours.",
    )
    runpod_api_url: Annotated[str, AfterValidator(_base_url)] = Field(
        "https://api.runpod.io", description="Base address of RunPod's REST API, version 2."
    )
    runpod_graphql_url: Annotated[str, AfterValidator(_base_url)] = Field(
        "https://api.runpod.io/graphql",
        description="Address of RunPod's GraphQL API, the only one that knows spot prices.",
    )
    public_url: Annotated[str, AfterValidator(_base_url)] = Field(
        "http://localhost:8501",
        description="Address under which people reach the app; links in mails begin with it.",
    )
    smtp_url: Annotated[SecretStr, AfterValidator(_mail_server)] | None = Field(
        None,
        description="Mail server: smtp://user:password@host:587?tls=starttls or smtps://…; without "
        "one, mail waits on the Outbox page.",
    )
    mail_from: Annotated[str, AfterValidator(_mail_address)] = Field(
        "lora-pipeline@localhost", description="Address that mail is sent from."
    )
    chat_url: Annotated[SecretStr, AfterValidator(_chat_address)] | None = Field(
        None,
        description="Apprise address of the team's chat, such as slack://… or json://host/path; "
        "without one, jobs are shared by link and mail.",
    )
    budget_request_days: int = Field(
        7, ge=1, le=90, description="Days until an undecided budget request expires."
    )

    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        description="Networks, comma-separated, of the proxies in front whose X-Forwarded-For is "
        "believed, such as 10.0.0.0/8.",
    )

    metrics_token: Annotated[SecretStr, AfterValidator(_usable_key)] | None = Field(
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
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """`trusted_proxies` as networks."""
        return _read_networks(self.trusted_proxies)

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
