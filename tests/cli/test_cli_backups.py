"""backup and restore as programs, between two installations with embedded databases."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.settings import PROJECT
from tests.cli.conftest import Run


@pytest.fixture
def on() -> Callable[..., Run]:
    """`on(data_dir, "backup", ...)`: a command on the installation in that folder."""

    def run(data_dir: Path, *arguments: object) -> Run:
        done = subprocess.run(
            [sys.executable, "-m", "lib.cli", *map(str, arguments)],
            cwd=PROJECT,
            env=os.environ | {"DATA_DIR": str(data_dir)},
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    return run


def test_an_installation_moves_to_another_machine(
    on: Callable[..., Run], open_folder: Path
) -> None:
    old, new = open_folder / "old", open_folder / "new"
    sample = open_folder / "sample.json"
    assert on(old, "sample", sample, "--conversations", "20").code == 0
    assert on(old, "import", sample).code == 0
    made = on(old, "backup", "--into", open_folder / "safe", "--json")
    assert made.code == 0, made.err
    listed: Any = on(old, "files", "list", "--json").data

    restored = on(new, "restore", made.data["folder"], "--json")
    assert restored.code == 0, restored.err
    assert restored.data["rows"] == made.data["rows"]
    assert restored.data["files"] == made.data["files"] > 0
    assert on(new, "files", "list", "--json").data == listed
    assert on(new, "files", "verify", listed[0]["id"]).code == 0

    again = on(new, "restore", made.data["folder"])
    assert "not empty" in again.refused()


def test_a_folder_that_is_no_backup_is_refused(on: Callable[..., Run], open_folder: Path) -> None:
    assert "not a whole backup" in on(open_folder / "new", "restore", open_folder).refused()
