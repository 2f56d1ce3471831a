"""An engine without processes: it does what a test tells it to, and counts what it is asked."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from threading import RLock
from typing import Any
from uuid import UUID

from lib import storage
from lib.engines.base import Observation, RunHandle, RunSpec, RunState

NOW = "2026-11-24T12:00:00.000+00:00"


@dataclass
class Run:
    """A run in memory. `exists`: something of it is there, and costs money."""

    spec: RunSpec
    state: RunState = RunState.STARTING
    exists: bool = True
    cost: Decimal = Decimal("0.00")
    failure: tuple[str | None, str | None] = (None, None)


class FakeEngine:
    """`before` and `after` are called around every request, with the request's name.

    With `finish_after` set, a run reports a step each time it is looked at, and then completes.
    """

    name = "local"

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.events: dict[UUID, list[dict[str, Any]]] = defaultdict(list)  # of all attempts
        self.submitted: list[str] = []
        self.places: int | None = None
        self.finish_after: int | None = None
        self.most_at_once = 0
        self.deaf = 0  # how many requests to end a run come to nothing
        self.before = self.after = lambda request: None
        self._lock = RLock()

    def offers(self):
        return ()

    def capacity(self) -> int | None:
        return self.places

    def submit(self, run: RunSpec) -> str:
        self.before("submit")
        with self._lock:
            self.submitted.append(run.name)
            assert run.name not in self.runs, "submitted twice"
            self.runs[run.name] = Run(run)
            self.most_at_once = max(self.most_at_once, len(self.list_owned()))
        self.after("submit")
        return f"id of {run.name}"

    def find(self, name: str, claimed: str | None = None) -> str | None:
        self.before("find")
        return f"id of {name}" if name in self.runs else None

    def observe(self, run: RunHandle, offset: int) -> Observation:
        self.before("observe")
        with self._lock:
            real = self.runs.get(run.name)
            if real is None:
                return Observation(RunState.GONE, offset=offset)
            if self.finish_after is not None and real.exists:
                self._go_on(run.name, real)
            written = self.events[run.job_id]
            own = tuple(event for event in written[offset:] if event["attempt"] == run.attempt)
            seen = Observation(real.state, own, len(written), *real.failure)
        self.after("observe")
        return seen

    def terminate(self, run: RunHandle) -> bool:
        self.before("terminate")
        with self._lock:
            if self.deaf > 0:
                self.deaf -= 1
                return False
            real = self.runs.get(run.name)
            if real is not None:
                real.exists = False
                if real.state in (RunState.STARTING, RunState.RUNNING):
                    real.state = RunState.INTERRUPTED
        self.after("terminate")
        return True

    def list_owned(self) -> list[str]:
        with self._lock:
            return [name for name, run in self.runs.items() if run.exists]

    def cost(self, run: RunHandle, now) -> Decimal:
        return self.runs[run.name].cost if run.name in self.runs else Decimal("0.00")

    def start(self, name: str, resumed_from: int | None = None) -> None:
        """The trainer has loaded everything."""
        self._write(
            name,
            kind="started",
            steps_total=10,
            device="cpu",
            trainable_parameters=1,
            base_model="tiny",
            resumed_from_step=resumed_from,
        )

    def step(self, name: str, step: int, loss: float = 2.0) -> None:
        self.runs[name].state = RunState.RUNNING
        self._write(
            name,
            kind="step",
            step=step,
            steps_total=10,
            epoch=step / 10,
            loss=loss,
            learning_rate=0.0001,
            tokens_seen=100 * step,
            tokens_per_second=50.0,
            elapsed_seconds=2.0 * step,
        )

    def checkpoint(self, name: str, step: int) -> None:
        self._write(name, kind="checkpoint", step=step)

    def complete(self, name: str) -> None:
        run = self.runs[name]
        folder = storage.run_folder(run.spec.job_id) / "adapter"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "adapter_model.safetensors").write_bytes(b"weights")
        self._write(name, kind="completed", step=10)
        run.state = RunState.COMPLETED

    def fail(self, name: str, code: str, message: str) -> None:
        self.runs[name].state = RunState.FAILED
        self.runs[name].failure = (code, message)

    def interrupt(self, name: str) -> None:
        self.runs[name].state = RunState.INTERRUPTED
        self.runs[name].exists = False

    def _go_on(self, name: str, run: Run) -> None:
        kinds = [
            event["kind"]
            for event in self.events[run.spec.job_id]
            if event["attempt"] == run.spec.attempt
        ]
        steps = kinds.count("step")
        if not kinds:
            self.start(name)
            self.step(name, 1)
        elif steps < (self.finish_after or 0):
            self.step(name, steps + 1)
        elif run.state is RunState.RUNNING:
            self.complete(name)

    def _write(self, name: str, **event: Any) -> None:
        run = self.runs[name]
        self.events[run.spec.job_id].append({"attempt": run.spec.attempt, "at": NOW, **event})
