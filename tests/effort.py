"""How long tests of chance go on: a little in `make test`, ten times as long in `make soak`."""

import os

SOAK = os.environ.get("SOAK") == "1"


def times(usually: int) -> int:
    """So many rounds or examples; ten times as many in a soak."""
    return usually * 10 if SOAK else usually
