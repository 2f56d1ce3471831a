"""What kind of installation this is."""

from lib.db import installation
from lib.db.connection import reading

#: The key under which a database that was filled with demo data says so, and what it then says.
DEMO = "demo"
FILLING, FILLED = "filling", "filled"


def is_demo() -> bool:
    """Whether what is stored here was made up (`make demo`)."""
    with reading() as connection:
        return installation.value(connection, DEMO) is not None
