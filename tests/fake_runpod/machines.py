"""Machines under the pods: with `World.machines` each pod is a real process with an empty disk.

It runs what the trainer's image runs, `python -m trainer` with the order's arguments, in the
order's environment and RunPod's own variables, on the real clock. What it prints is the pod's log;
when it exits it is started again, until the pod is ended or its machine is taken.
"""

import asyncio
import os
import secrets
import shlex
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.fake_runpod.pods import FakePod

PROJECT = Path(__file__).parents[2]
LONGEST_LINE = 1024 * 1024
OUTBID = "Outbid: the machine was taken"


class Machine:
    """The machine of one pod. `key` is what RunPod gives its container to ask with."""

    def __init__(self, pod: FakePod) -> None:
        self.key = f"pod_{secrets.token_urlsafe(16)}"
        self._pod = pod
        self._disk = Path(tempfile.mkdtemp(prefix="fake-pod-"))
        self._process: asyncio.subprocess.Process | None = None
        self._is_taken = self._is_ended = False
        self._life = asyncio.create_task(self._live())

    def evict(self, *, notice: bool) -> None:
        """The machine is wanted back: SIGTERM and five seconds, or SIGKILL at once."""
        self._is_taken = True
        self._tell("term" if notice else "kill")

    def end(self) -> None:
        """The pod was ended by somebody."""
        self._is_ended = True
        self._tell("term")

    def freeze(self, frozen: bool) -> None:
        """It stands still, or goes on."""
        self._tell("freeze" if frozen else "thaw")

    def _tell(self, order: str) -> None:
        process = self._process
        if process is not None and process.stdin is not None and process.returncode is None:
            process.stdin.write(f"{order}\n".encode())

    async def _live(self) -> None:
        await asyncio.sleep(max(0.0, self._pod.up_at - time.time()))
        if not (self._is_ended or self._is_taken):
            await self._run()
        if self._is_taken and not self._is_ended:
            self._pod.end("EXITED", time.time(), OUTBID)
        with suppress(FileNotFoundError):  # else its container has removed it
            self._disk.rmdir()

    async def _run(self) -> None:
        arguments = shlex.split(self._pod.order.get("args", ""))
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fake_runpod.container", self._disk, PROJECT),
            *(sys.executable, "-m", "trainer", *arguments),
            cwd=PROJECT,
            env=self._environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            start_new_session=True,
        )
        if self._is_ended or self._is_taken:
            self._tell("kill")
        await asyncio.gather(self._read(process.stdout), self._read(process.stderr))
        await process.wait()

    async def _read(self, output: asyncio.StreamReader | None) -> None:
        assert output is not None
        async for line in output:
            self._pod.log.append((time.time(), line.decode(errors="replace").rstrip("\n")))

    def _environment(self) -> dict[str, str]:
        """The image's variables, the order's, and RunPod's."""
        image = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._disk),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LORA_FOLDER": str(self._disk / "data"),
        }
        runpod = {"RUNPOD_POD_ID": self._pod.id, "RUNPOD_API_KEY": self.key}
        return image | self._pod.order.get("env", {}) | runpod
