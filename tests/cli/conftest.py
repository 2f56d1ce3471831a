"""Runs of the command line, in this process where that is enough, else as a program."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.cli.main import main
from lib.settings import PROJECT

PROGRAM = [sys.executable, "-m", "lib.cli"]


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its JSON; amounts as the very decimals that were printed."""
        return json.loads(self.out, parse_float=Decimal)

    def refused(self) -> str:
        """The one line of a refusal, without its "error: "."""
        assert (self.code, self.out) == (2, ""), self
        (line,) = self.err.splitlines()
        assert line.startswith("error: ")
        return line.removeprefix("error: ")


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """`cli("inspect", path)`: runs a command in this process."""

    def run(*arguments: object) -> Run:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse: help and bad arguments
            code = int(end.code or 0)
        captured = capfd.readouterr()
        return Run(code, captured.out, captured.err)

    return run


@pytest.fixture
def program() -> Callable[..., Run]:
    """`program("inspect", path, stdin="")`: runs a command as the program that it is."""

    def run(*arguments: object, stdin: str = "") -> Run:
        done = subprocess.run(
            [*PROGRAM, *map(str, arguments)],
            cwd=PROJECT,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def chat_file(tmp_path: Path) -> Callable[..., Path]:
    """`chat_file(447)`: so many short conversations of one pair each."""

    def write(conversations: int, name: str = "chat.jsonl", about: str = "bicycles") -> Path:
        path = tmp_path / name
        with path.open("w") as file:
            for number in range(conversations):
                said = [("user", f"Question {number} on {about}?"), ("assistant", "An answer.")]
                messages = [{"role": role, "content": content} for role, content in said]
                file.write(json.dumps({"messages": messages}) + "\n")
        return path

    return write
