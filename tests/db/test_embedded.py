"""Where the embedded database cannot live, and what is said then."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lib.db import connection as db


def test_a_path_with_a_space_is_refused_in_plain_words(
    configure: Callable[..., None], tmp_path: Path
) -> None:
    db.dispose()
    configure(DATA_DIR=tmp_path / "my data")
    with pytest.raises(db.DatabaseUnavailable, match=r"that path has a space\. Set DATA_DIR"):
        db.database()
    assert not (tmp_path / "my data").exists()
