"""What the trainer in a pod does at each move of the clock, until it is done or its pod goes."""

import random
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.testclient import TestClient

from lib.settings import settings
from tests.fake_runpod.client import FakeRunPod
from tests.rented.world import event
from tests.rented_runs import ADAPTER_TAR, bring
from trainer.webhook import sign

STEPS = 6
LINGER_SECONDS = 300
#: How a life may end, and how often.
ENDS = {
    "completed": 10,
    "out of memory": 1,
    "evicted": 3,  # with notice
    "silent": 1,  # its container is gone without a word
    "vanished": 3,  # and so is the pod
    "home and vanished": 2,  # the adapter is at home, and nobody could read so
    "damaged": 1,  # the adapter is at home, and does not stay what it was
}
TRAINED_TO_THE_END = {"completed", "home and vanished", "damaged"}


class Life:
    """One pod's trainer. It brings its results home over the desk's routes."""

    def __init__(
        self, runpod: FakeRunPod, desk: TestClient, pod: Mapping[str, Any], chance: random.Random
    ) -> None:
        self._runpod, self._desk, self._chance = runpod, desk, chance
        self._pod, self._told = pod["id"], pod["env"]
        self._attempt = int(self._told["LORA_ATTEMPT"])
        self._ordered_at = datetime.fromisoformat(self._told["LORA_ORDERED_AT"])
        self._end = chance.choices(list(ENDS), list(ENDS.values()))[0]
        self._steps_left = chance.randint(1, STEPS)
        self._step, self._seq = 0, 0
        self._began = self._over = False

    def go_on(self, now: datetime) -> None:
        """The next thing that it does."""
        if self._over:
            return
        if not self._began:
            self._began = True
            self._step = self._resumed_from()
            self._say(now, "started", **_started(self._step))
        elif now - self._ordered_at >= timedelta(seconds=int(self._told["LORA_MAX_SECONDS"])):
            self._save(now)
            self._finish(now, "stopped", step=self._step, reason="max_seconds")
        elif self._step >= STEPS:
            self._complete(now)
        elif self._end not in TRAINED_TO_THE_END and self._steps_left == 0:
            self._die(now)
        else:
            self._train(now)

    def _train(self, now: datetime) -> None:
        self._step += 1
        self._steps_left -= 1
        self._say(now, "step", **_step(self._step))
        if self._step % 2 == 0:
            self._save(now)

    def _save(self, now: datetime) -> None:
        if self._bring(f"checkpoint-{self._step}.tar", b"state", step=self._step):
            self._say(now, "checkpoint", step=self._step)

    def _complete(self, now: datetime) -> None:
        if not self._bring("adapter.tar", ADAPTER_TAR):
            return  # tried again
        if self._end == "damaged":
            damage(self._told["LORA_JOB_ID"])
        if self._end == "home and vanished":
            self._over = True
            self._runpod.happen(self._pod, status="TERMINATED")
        else:
            self._finish(now, "completed", step=self._step)

    def _die(self, now: datetime) -> None:
        self._over = True
        if self._end == "out of memory":
            self._finish(now, "failed", code="out_of_memory", message="No memory is left.")
        elif self._end == "evicted":
            self._say(now, "interrupted", step=self._step, signal="SIGTERM")
            self._runpod.happen(self._pod, status="EXITED", change="Outbid: machine taken")
        elif self._end == "silent":
            self._runpod.happen(self._pod, status="EXITED")
        else:
            self._runpod.happen(self._pod, status="TERMINATED")

    def _finish(self, now: datetime, kind: str, **facts: Any) -> None:
        self._over = True
        self._say(now, kind, **facts)
        self._runpod.happen(self._pod, status="EXITED", seconds=LINGER_SECONDS)

    def _say(self, now: datetime, kind: str, **facts: Any) -> None:
        """Prints an event; a callback about it comes once, twice, late or not at all."""
        self._seq += 1
        line = event(kind, self._attempt, self._seq, now, **facts)
        self._runpod.happen(self._pod, lines=[line])
        for _ in range(self._chance.choice([0, 0, 1, 2])):
            self._call_back(line.encode())

    def _call_back(self, body: bytes) -> None:
        message = f"{self._told['LORA_JOB_ID']}.{self._attempt}.{self._seq}"
        sent_at = str(int(time.time()) - self._chance.choice([0, 0, 60, 100_000]))
        secret = self._told["LORA_CALLBACK_TOKEN"].encode()
        signature = sign(self._chance.choice([secret, secret, b"forged"]), message, sent_at, body)
        answer = self._desk.post(
            self._told["LORA_CALLBACK_URL"],
            content=body,
            headers={
                "content-type": "application/json",
                "webhook-id": message,
                "webhook-timestamp": sent_at,
                "webhook-signature": signature,
            },
        )
        assert answer.status_code < 500, answer.text

    def _resumed_from(self) -> int:
        answer = self._desk.get(self._told["LORA_RESULTS_URL"], headers={"Pod-Id": self._pod})
        if answer.status_code != 200:  # the attempt has ended already
            return 0
        steps = [result["step"] for result in answer.json()["results"] if result["step"]]
        return max(steps, default=0)

    def _bring(self, name: str, content: bytes, **facts: Any) -> bool:
        """Whether the desk has it now."""
        answer = bring(self._desk, self._told["LORA_RESULTS_URL"], name, content, **facts)
        return answer.status_code == 200 and answer.json()["stored"]


def damage(job_id: str) -> None:
    """A bit of the stored adapter tips over."""
    [adapter] = settings().data_path.glob(f"*/{job_id}/*.adapter.tar")
    content = bytearray(adapter.read_bytes())
    content[600] ^= 1
    adapter.write_bytes(content)


def _started(resumed_from: int) -> dict[str, Any]:
    return {
        "steps_total": STEPS,
        "device": "cuda",
        "trainable_parameters": 1,
        "base_model": "70b",
        "resumed_from_step": resumed_from or None,
    }


def _step(step: int) -> dict[str, Any]:
    return {
        "step": step,
        "steps_total": STEPS,
        "epoch": step / STEPS,
        "loss": 2.0,
        "learning_rate": 0.0001,
        "tokens_seen": 100 * step,
        "tokens_per_second": 50.0,
        "elapsed_seconds": 2.0 * step,
    }
