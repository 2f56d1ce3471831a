"""This machine as an engine: the trainer as a process that outlives the app and the worker.

A run is recognised by the path of its config file on a live process's command line. The path
holds the job and the attempt and lies in this installation's runs folder, so neither a reused
process id nor another installation's trainer is taken for it. While a process is replaced by
another program (a TRAINER_PYTHON that is a script) it has no command line for a moment; process id
and create time, together the external id, tell that it is still the same.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psutil

from lib import storage
from lib.domain.money import ZERO, cents
from lib.domain.offers import Offer, local_offer
from lib.engines import event_log, trainer_process
from lib.engines.base import Observation, RunHandle, RunSpec, RunState
from lib.engines.configuration import trainer_config
from lib.engines.errors import SubmitRefused
from lib.engines.names import parse_run_name
from lib.settings import settings

GRACE_SECONDS = 5.0  # to save a checkpoint after SIGTERM
_EXIT_INTERRUPTED = 3
_CLOCK_SECONDS = 2.0  # by which a create time may wander: it is counted from the boot
_CONFIG = re.compile(r"config-([0-9]+)\.json")


class LocalEngine:
    """Implements `lib.engines.base.Engine`. An external id is `pid:create time`."""

    name = "local"

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._asked_to_end: dict[str, float] = {}

    def offers(self) -> Sequence[Offer]:
        return (local_offer(settings().local_hourly_rate),)

    def capacity(self) -> int:
        return settings().local_parallel_runs

    def submit(self, run: RunSpec) -> str:
        """Starts the trainer. Raises SubmitRefused where that cannot work, or is out of date."""
        config = _config_path(run.job_id, run.attempt)
        try:
            trainer_process.write_config(config, _config(run))
            if _newest_attempt(run.job_id) > run.attempt:
                raise SubmitRefused("stale", "A later attempt of this job has been started.")
            process = trainer_process.start("train", config, _log_path(run.job_id, run.attempt))
        except FileExistsError:
            raise SubmitRefused("repeated", "This attempt has been started before.") from None
        except OSError as error:
            raise _refusal(error) from error
        self._children[run.name] = process
        return _external_id(psutil.Process(process.pid))

    def find(self, name: str, claimed: str | None = None) -> str | None:
        """The run's process, or what its first event tells of it if it has ended already."""
        run = parse_run_name(name)
        if run is None:
            return None
        job_id, attempt = run
        if processes := _carriers(_config_path(job_id, attempt)):
            return _external_id(processes[0])
        started = event_log.first(_events_path(job_id), attempt, "started")
        return None if started is None else f"{started['pid']}:0"

    def observe(self, run: RunHandle, offset: int) -> Observation:
        config = _config_path(run.job_id, run.attempt)
        if not config.exists():
            return Observation(RunState.GONE, offset=offset)
        alive = self._alive(run)  # asked first: what a dead run wrote is all there to be read
        page = event_log.read(_events_path(run.job_id), offset, run.attempt)
        state, code, message = self._judge(run, page, alive)
        return Observation(state, page.events, page.offset, code, message)

    def terminate(self, run: RunHandle) -> bool:
        """SIGTERM to the run's process group, SIGKILL when it is called after the grace."""
        self._reap()
        processes = _carriers(_config_path(run.job_id, run.attempt))
        if (recorded := _recorded(run.external_id)) and recorded not in processes:
            processes.append(recorded)
        if not processes:
            self._asked_to_end.pop(run.name, None)
            self._children.pop(run.name, None)
            return True
        now = time.monotonic()
        asked = self._asked_to_end.get(run.name)
        if asked is None:
            self._asked_to_end[run.name] = now
            _signal(processes, signal.SIGTERM)
        elif now - asked >= GRACE_SECONDS:
            _signal(processes, signal.SIGKILL)
        return False

    def list_owned(self) -> Sequence[str]:
        self._reap()
        names, runs = set(), storage.runs_folder()
        for process in psutil.process_iter(["cmdline"]):
            for argument in process.info["cmdline"] or ():
                if not argument.endswith(".json"):  # other programs have thousands of them
                    continue
                path = Path(argument)
                number = _CONFIG.fullmatch(path.name)
                name = f"lora-{path.parent.name}-{number[1]}" if number else ""
                if path.parent.parent == runs and parse_run_name(name):
                    names.add(name)
        return sorted(names)

    def cost(self, run: RunHandle, now: datetime) -> Decimal:
        """The hourly rate for the time from the start until now, or until the run's last event."""
        if run.started_at is None or not run.hourly_rate:
            return ZERO
        end = now
        if not self._alive(run):
            written = event_log.modified_at(_events_path(run.job_id))
            end = min(now, datetime.fromtimestamp(written, UTC)) if written else run.started_at
        elapsed = max(end - run.started_at, timedelta())
        return cents(run.hourly_rate * (elapsed // timedelta(milliseconds=1)) / 3_600_000)

    def _judge(
        self, run: RunHandle, page: event_log.Page, alive: bool
    ) -> tuple[RunState, str | None, str | None]:
        """The state, and the code and message of a failure, from events and process together."""
        for event in page.events:
            if event["kind"] == "completed":
                return RunState.COMPLETED, None, None
            if event["kind"] == "failed":
                return RunState.FAILED, event["code"], event["message"]
            if event["kind"] == "stopped":
                return RunState.INTERRUPTED, event["reason"], None
        if alive or not page.ended:
            return (RunState.RUNNING if page.trained else RunState.STARTING), None, None
        said = trainer_process.log_tail(_log_path(run.job_id, run.attempt))
        child = self._children.get(run.name)
        code = child.returncode if child is not None else None
        # Below 0, or above 128 where a shell stands between: ended by a signal.
        if code is not None and 0 < code <= 128 and code != _EXIT_INTERRUPTED:
            return RunState.FAILED, "trainer_ended", f"The trainer ended with code {code}: {said}"
        return RunState.INTERRUPTED, None, said or None

    def _alive(self, run: RunHandle) -> bool:
        self._reap()
        if run.external_id is None:
            return False
        if _recorded(run.external_id) is not None:
            return True
        try:  # a clock that was set changes all create times
            process = psutil.Process(int(run.external_id.partition(":")[0]))
        except psutil.Error:
            return False
        return _carries(process, _config_path(run.job_id, run.attempt))

    def _reap(self) -> None:
        """Collects the exit codes of ended children, so that none stays behind as a zombie."""
        for child in self._children.values():
            child.poll()


def _config(run: RunSpec) -> dict[str, object]:
    return trainer_config(
        job_id=str(run.job_id),
        attempt=run.attempt,
        run_dir=str(storage.run_folder(run.job_id)),
        sequences=str(run.sequences),
        hyperparameters=run.hyperparameters,
        model_cache=str(storage.model_cache()),
        max_steps=run.max_steps,
        sequences_sha256=run.sequences_sha256,
        max_seconds=run.max_seconds,
    )


def _config_path(job_id: UUID, attempt: int) -> Path:
    return storage.run_folder(job_id) / f"config-{attempt}.json"


def _events_path(job_id: UUID) -> Path:
    return storage.run_folder(job_id) / "events.jsonl"


def _log_path(job_id: UUID, attempt: int) -> Path:
    return storage.run_folder(job_id) / f"trainer-{attempt}.log"


def _newest_attempt(job_id: UUID) -> int:
    names = (_CONFIG.fullmatch(path.name) for path in storage.run_folder(job_id).iterdir())
    return max((int(name[1]) for name in names if name), default=0)


def _refusal(error: OSError) -> SubmitRefused:
    if error.errno in trainer_process.DISK_FULL:
        return SubmitRefused(
            "disk_full", "The disk is full, so the run could not start. Free some space first."
        )
    return SubmitRefused("trainer_not_started", f"The trainer could not be started: {error}")


def _recorded(external_id: str | None) -> psutil.Process | None:
    """The live process with this id and create time."""
    if external_id is None:
        return None
    pid, _, created = external_id.partition(":")
    try:
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(created)) <= _CLOCK_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def _carriers(config: Path) -> list[psutil.Process]:
    """The live processes with the config's path on their command line, the group's leader first."""
    found = [process for process in psutil.process_iter() if _carries(process, config)]
    return sorted(found, key=lambda process: (not _leads_group(process.pid), process.pid))


def _carries(process: psutil.Process, config: Path) -> bool:
    """Whether the config's path is on the command line; a zombie has none."""
    try:
        return str(config) in process.cmdline()
    except psutil.Error:
        return False


def _leads_group(pid: int) -> bool:
    with suppress(ProcessLookupError):
        return os.getpgid(pid) == pid
    return False


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    """Signals the whole group where one of ours leads it, else the process alone."""
    ours = {process.pid for process in processes}
    for pid in ours:
        with suppress(ProcessLookupError, PermissionError):
            if _leads_group(pid):
                os.killpg(pid, number)
            elif os.getpgid(pid) not in ours:
                os.kill(pid, number)


def _external_id(process: psutil.Process) -> str:
    return f"{process.pid}:{process.create_time():.2f}"
