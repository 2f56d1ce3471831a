"""Every setting says what it means, and the README tells the same story."""

import os
from pathlib import Path

import pytest

from lib.settings import Settings, SettingsError, settings

README = Path(__file__).parents[2] / "README.md"


def test_every_setting_has_a_meaning() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not field.description]
    assert silent == []


def test_the_readme_lists_exactly_the_settings_that_there_are() -> None:
    rows = [line for line in README.read_text("utf-8").splitlines() if line.startswith("| `")]
    documented = [row.split("`")[1] for row in rows]
    assert sorted(documented) == sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_DAYS", "0"),
        ("DEFAULT_MONTHLY_LIMIT", "-1"),
        ("DEFAULT_MONTHLY_LIMIT", "NaN"),
        ("BILLING_TIME_ZONE", "Mars/Olympus"),
        ("BUDGET_GRACE_PERCENT", "101"),
        ("LOCAL_HOURLY_RATE", "1.001"),
        ("WORKER", "perhaps"),
        ("PUBLIC_URL", "desk.example.com"),
        ("MAIL_FROM", "Desk <desk@example.com>"),
        ("MAIL_FROM", "desk@example.com\nBcc: all@example.com"),
        ("BUDGET_REQUEST_DAYS", "0"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, everybody"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("STORAGE_URL", "bucket/prefix"),
        ("STORAGE_URL", "s3://"),
        ("STORAGE_URL", "s3://KEY@bucket"),
        ("STORAGE_URL", "s3://bucket?endpoint=http://s3.example.com"),
        ("STORAGE_URL", "s3://bucket?endpoint_url=s3.example.com"),
        ("STORAGE_URL", "gs://bucket?token=x"),
        ("SMTP_URL", "mail.example.com"),
        ("SMTP_URL", "http://mail.example.com"),
        ("SMTP_URL", "smtp://mail.example.com:many"),
        ("SMTP_URL", "smtp://mail.example.com?tls=perhaps"),
        ("SMTP_URL", "smtps://mail.example.com?tls=none"),
        ("SMTP_URL", "smtp://mail.example.com/path"),
        ("SMTP_URL", "smtp://desk:hush@mail.example.com"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_its_variable(
    configure, name: str, value: str
) -> None:
    configure(**{name: value})
    with pytest.raises(SettingsError, match=name):
        settings()


def test_an_empty_variable_counts_as_not_set(configure) -> None:
    configure(SESSION_DAYS="")
    assert settings().session_days == Settings.model_fields["session_days"].default


def test_no_setting_comes_from_the_developers_environment() -> None:
    assert {name.upper() for name in Settings.model_fields} & os.environ.keys() == {"DATA_DIR"}


@pytest.mark.parametrize(
    "url",
    [
        "smtp://mail.example.com",
        "smtp://mail.example.com:2525?tls=none",
        "smtp://desk:hush@mail.example.com:587?tls=starttls",
        "smtps://desk%40example.com:hush@mail.example.com",
        "smtp://desk:hush@localhost:2525",
    ],
)
def test_the_ways_to_name_a_mail_server(configure, url: str) -> None:
    configure(SMTP_URL=url)
    assert settings().smtp_url.get_secret_value() == url
    assert "hush" not in repr(settings())


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket",
        "s3://KEY:hush%2F@bucket/prefix?endpoint_url=http://127.0.0.1:9000&region=eu-1",
        "file:///mnt/pods",
        "gs://bucket/prefix",
    ],
)
def test_the_ways_to_name_a_storage(configure, url: str) -> None:
    configure(STORAGE_URL=url)
    assert settings().storage_url.get_secret_value() == url
    assert "hush" not in repr(settings())


def test_a_bad_storage_is_refused_without_its_secret(configure) -> None:
    configure(STORAGE_URL="s3://KEY:hush-hush@bucket?port=9")
    with pytest.raises(SettingsError, match="STORAGE_URL") as caught:
        settings()
    assert "hush" not in str(caught.value)


def test_a_bad_mail_server_is_refused_without_its_password(configure) -> None:
    configure(SMTP_URL="smtp://desk:hush-hush@mail.example.com")
    with pytest.raises(SettingsError, match="in the clear") as caught:
        settings()
    assert "hush" not in str(caught.value)
