"""What a value of an environment variable has to look like; what cannot be used is told in words.

Each rule returns the value, or raises ValueError with what it is not, without repeating a secret.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr


def known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):  # neither is what pydantic takes for a bad value
        raise ValueError("is not a time zone such as Europe/Berlin") from None
    return name


def base_url(address: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", address):
        raise ValueError("is not an address such as https://api.example.com")
    urlsplit(address).port  # noqa: B018  raises ValueError on a bad port or host
    return address.rstrip("/")


def usable_key(key: SecretStr) -> SecretStr:
    """A key goes into an HTTP header: what cannot stand there is refused without repeating it."""
    if not re.fullmatch(r"[\x21-\x7e]{1,500}", key.get_secret_value()):
        raise ValueError("is no usable key: it has spaces, line breaks or letters beyond ASCII")
    return key


def mail_server(address: SecretStr) -> SecretStr:
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


def mail_address(address: str) -> str:
    if not re.fullmatch(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,255}", address):
        raise ValueError("is not an e-mail address such as desk@example.com")
    return address


def chat_address(address: SecretStr) -> SecretStr:
    """Its form alone: which services there are, Apprise knows. It may hold a password, too."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s,]+", address.get_secret_value()):
        raise ValueError("is not one Apprise address such as slack://… or json://host/path")
    return address


def storage_address(address: SecretStr) -> SecretStr:
    """Keys and options for S3 alone: what other file systems need, they find themselves."""
    example = (
        "is not an address such as s3://KEY:SECRET@bucket/prefix?endpoint_url=https://s3.example.com"
        " or file:///mnt/pods; key and secret percent-encoded, or in the usual AWS variables"
    )
    try:
        parts = urlsplit(address.get_secret_value())
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(example) from None
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", parts.scheme) or not (parts.netloc or parts.path):
        raise ValueError(example)
    if parts.scheme != "s3":
        if parts.query or parts.password:
            raise ValueError("has keys or options, which are taken for s3:// alone")
        return address
    known = options.keys() <= {"endpoint_url", "region"} and all(
        len(values) == 1 for values in options.values()
    )
    if not known or not parts.hostname or (parts.username is None) != (parts.password is None):
        raise ValueError(example)
    for endpoint in options.get("endpoint_url", ()):
        base_url(endpoint)
    return address


def image_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][A-Za-z0-9._:/@-]{1,254}", name):
        raise ValueError("is not an image such as registry.example.com/lora-trainer:1")
    return name


def model_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9/][A-Za-z0-9._/-]{0,199}", name):
        raise ValueError("is not a model such as org/name")
    return name


def data_centers(text: str) -> str:
    for part in text.split(",") if text else ():
        if not re.fullmatch(r"[A-Z0-9-]{1,40}", part.strip()):
            raise ValueError(f"{part.strip()!r:.60} is not a data centre such as EU-RO-1")
    return text


def networks(text: str) -> str:
    read_networks(text)  # raises ValueError naming what is not one
    return text


def read_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """`10.0.0.0/8, 192.0.2.7` read. Raises ValueError naming what is not a network."""
    found = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            found.append(ip_network(part))
        except ValueError:
            raise ValueError(f"{part!r:.60} is not a network such as 10.0.0.0/8") from None
    return tuple(found)
