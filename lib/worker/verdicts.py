"""A verdict: what has become of a run, kept on its attempt before anything of the run is ended.

With a rented machine its log goes; a worker that is killed in between must not take a completed run
for one that has vanished.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.domain.recovery import Outcome
from lib.engines.base import Observation, RunState

OVER = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.INTERRUPTED, RunState.GONE})
TIME_LIMIT = "max_seconds"  # the trainer's reason for having stopped by itself
_BAD_MACHINE = frozenset({"machine_not_ready", "pod_error"})
_OUTCOMES = {
    RunState.COMPLETED: Outcome.COMPLETED,
    RunState.FAILED: Outcome.FAILED,
    RunState.INTERRUPTED: Outcome.INTERRUPTED,
    RunState.GONE: Outcome.GONE,
}


@dataclass(frozen=True)
class Verdict:
    """Code and message say why. `ended_at` is when the run said its last word, `charged_until` when
    its machine stopped costing anything, each where it is known.
    """

    outcome: Outcome
    code: str | None = None
    message: str | None = None
    ended_at: datetime | None = None
    charged_until: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "outcome": str(self.outcome),
            "code": self.code,
            "message": self.message,
            "ended_at": self.ended_at and self.ended_at.isoformat(),
            "charged_until": self.charged_until and self.charged_until.isoformat(),
        }

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> "Verdict":
        ended_at, charged_until = (
            datetime.fromisoformat(written[name]) if written[name] else None
            for name in ("ended_at", "charged_until")
        )
        outcome = Outcome(written["outcome"])
        return cls(outcome, written["code"], written["message"], ended_at, charged_until)


def verdict_on(seen: Observation, *, capped: bool, ended_at: datetime | None) -> Verdict | None:
    """None for a run that goes on. `capped`: it has cost as much as it may, or as time allows;
    `ended_at`: its last word.
    """
    if seen.state not in OVER:
        return Verdict(Outcome.CAPPED) if capped else None
    outcome = _OUTCOMES[seen.state]
    if outcome is Outcome.INTERRUPTED and capped and seen.failure_code == TIME_LIMIT:
        outcome = Outcome.CAPPED
    elif outcome is Outcome.INTERRUPTED and seen.failure_code in _BAD_MACHINE:
        outcome = Outcome.BAD_MACHINE
    return Verdict(outcome, seen.failure_code, seen.failure_message, ended_at, seen.ended_at)
