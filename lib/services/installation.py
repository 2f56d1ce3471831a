"""What kind of installation this is, and the keys that it signs with."""

import secrets

from sqlalchemy import Connection

from lib.db import installation, users
from lib.db.connection import reading

#: The key under which a database that was filled with demo data says so, and what it then says.
DEMO = "demo"
FILLING, FILLED = "filling", "filled"


def is_demo() -> bool:
    """Whether what is stored here was made up (`make demo`)."""
    with reading() as connection:
        return installation.value(connection, DEMO) is not None


def signing_key(connection: Connection, name: str) -> bytes:
    """A key of this installation, made at its first use: 32 random bytes for each name."""
    return bytes.fromhex(users.secret(connection, name, lambda: secrets.token_hex(32)))
