"""The images without a container engine: linted, and their commands run on just what they copy."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from dockerfile_parse import DockerfileParser

from lib.settings import PROJECT, Settings
from tests.trainer.runs import PRESETS, conversations, write_lines

DEPLOY = PROJECT / "deploy"
IMAGES = (DEPLOY / "Dockerfile", PROJECT / "trainer" / "Dockerfile")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
}


def instructions(dockerfile: Path, kind: str) -> list[str]:
    return [
        one["value"]
        for one in DockerfileParser(fileobj=dockerfile.open("rb")).structure
        if one["instruction"] == kind
    ]


@pytest.fixture
def unpack(open_folder: Path) -> Any:
    """`unpack(dockerfile)`: a folder with what the image copies, as its WORKDIR has it."""

    def copy(dockerfile: Path) -> Path:
        tree = open_folder / "app"
        tree.mkdir()
        for line in instructions(dockerfile, "COPY"):
            *sources, target = line.split()
            if target.startswith("/tmp/"):
                continue
            place = tree / target.removeprefix("/app/")
            for source in sources:
                into = place / Path(source).name if target.endswith("/") else place
                copied = PROJECT / source
                if copied.is_dir():
                    ignored = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(copied, into, dirs_exist_ok=True, ignore=ignored)
                else:
                    into.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(copied, into)
        return tree

    return copy


@contextmanager
def running(command: list[str], tree: Path, log: Path, **environment: str) -> Iterator[Any]:
    """A command of an image in its folder; told to end as a container engine does it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=tree,
            env=ENVIRONMENT | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM), log.read_text()


def wait_for(what: Any, process: Any, log: Path, seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    return found


def answer(address: str) -> httpx.Response | None:
    try:
        return httpx.get(address, timeout=5)
    except httpx.TransportError:
        return None


def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize("dockerfile", IMAGES, ids=lambda path: path.parent.name)
def test_a_linter_finds_nothing_in_the_dockerfiles(dockerfile: Path) -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, dockerfile], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("dockerfile", IMAGES, ids=lambda path: path.parent.name)
def test_what_an_image_copies_is_there_and_not_ignored(dockerfile: Path) -> None:
    lines = dockerfile.with_name("Dockerfile.dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    for line in instructions(dockerfile, "COPY"):
        for source in line.split()[:-1]:
            assert (PROJECT / source).exists(), source
            assert source.split("/")[0] in let_in, source


def test_the_app_serves_from_what_its_image_copies(unpack: Any, open_folder: Path) -> None:
    command = json.loads(instructions(DEPLOY / "Dockerfile", "CMD")[0])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command[command.index("8501")] = port
    command[command.index("0.0.0.0")] = "127.0.0.1"
    data, log = open_folder / "data", open_folder / "app.log"
    address = f"http://127.0.0.1:{port}"
    tree = unpack(DEPLOY / "Dockerfile")
    with running(command, tree, log, DATA_DIR=str(data), WORKER="off") as process:
        wait_for(lambda: (got := answer(f"{address}/readyz")) and got.is_success, process, log)
        assert "lora_workers_seen 0.0" in httpx.get(f"{address}/metrics").text
        assert httpx.get(f"{address}/").status_code == 200
        worker = compose()["services"]["worker-1"]["command"]
        with running(worker, tree, open_folder / "w.log", DATA_DIR=str(data)) as second:
            wait_for(
                lambda: "lora_workers_seen 1.0" in httpx.get(f"{address}/metrics").text,
                second,
                open_folder / "w.log",
            )


def test_the_backup_command_runs_from_what_the_image_copies(unpack: Any, open_folder: Path) -> None:
    command = compose()["services"]["backup"]["command"]
    into = open_folder / "safe"
    command[command.index("/backups")] = str(into)
    done = subprocess.run(
        command,
        cwd=unpack(DEPLOY / "Dockerfile"),
        env=ENVIRONMENT | {"DATA_DIR": str(open_folder / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert next(path.name for path in into.iterdir()).startswith("backup-")


def test_the_trainer_trains_from_what_its_image_copies(unpack: Any, open_folder: Path) -> None:
    (entry,) = (json.loads(line) for line in instructions(IMAGES[1], "ENTRYPOINT"))
    tree = unpack(IMAGES[1])
    assert sorted(path.name for path in tree.iterdir()) == ["trainer"]
    rows = write_lines(open_folder / "sequences.jsonl", conversations())
    config = open_folder / "config.json"
    values = {
        "contract": 1,
        "job_id": "3f0c9a52-4f0e-4a52-8f0b-7a4c7a1f2d11",
        "attempt": 1,
        "run_dir": str(open_folder / "run"),
        "sequences": str(rows),
        "base_model": "tiny",
        "model_cache": str(open_folder / "models"),
        "hyperparameters": PRESETS["balanced"],
        "max_steps": 2,
        "threads": 1,
    }
    config.write_text(json.dumps(values))
    done = subprocess.run(
        [*entry, "train", str(config)],
        cwd=tree,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (open_folder / "run" / "adapter" / "adapter_model.safetensors").exists()


def test_the_images_install_what_was_tested() -> None:
    torch = re.search(r"^TORCH := (\S+)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert torch and f"pip install {torch[1]} -c constraints.txt" in " ".join(
        instructions(DEPLOY / "Dockerfile", "RUN")
    )


def test_compose_has_two_apps_and_two_workers_that_know_of_each_other() -> None:
    services = compose()["services"]
    commands = {name: one.get("command") for name, one in services.items()}
    workers = [name for name, command in commands.items() if command and "lib.worker" in command]
    apps = [name for name in services if name.startswith("app-")]
    assert (len(apps), len(workers)) == (2, 2)
    assert services[workers[1]]["pid"] == f"service:{workers[0]}"
    for name in (*apps, *workers):
        assert services[name]["environment"]["WORKER"] == "off"
        assert "data:/data" in services[name]["volumes"]
    proxy = (DEPLOY / "Caddyfile").read_text()
    assert all(f"{name}:8501" in proxy for name in apps)


def test_compose_names_only_what_there_is() -> None:
    loaded = compose()
    services = loaded["services"]
    known = {name.upper() for name in Settings.model_fields}
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        if service.get("image") == "lora-pipeline":
            assert set(service["environment"]) <= known
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in loaded["volumes"] or source.startswith("./"), source
    names = re.findall(r"^#? ?([A-Z_]+)=", (DEPLOY / "example.env").read_text(), re.MULTILINE)
    assert set(names) <= known | {"DESK_HOST", "POSTGRES_PASSWORD"}
