"""A job that goes on from the checkpoint at which another one ended, and what is left of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from lib.domain.draft import Draft
from lib.domain.estimate import Estimate, costed
from lib.domain.history import NO_SPOT_HISTORY, InterruptionRate
from lib.domain.hyperparameters import JsonValue
from lib.domain.offers import Offer
from lib.domain.states import JobStatus


@dataclass(frozen=True)
class Begun:
    """The job that is gone on from: what was trained, where, and up to which checkpoint.

    `step` is None without a checkpoint, `steps_total` where the run never said it.
    """

    name: str
    status: JobStatus
    training_file_id: str
    hyperparameters: Mapping[str, JsonValue]
    max_steps: int | None
    engine: str
    step: int | None
    steps_total: int | None

    @property
    def share_left(self) -> Decimal:
        """Of all steps, those after the checkpoint, 0 to 1."""
        if not self.step or not self.steps_total:
            return Decimal(1)
        return max(Decimal(0), 1 - Decimal(self.step) / self.steps_total)

    @property
    def left(self) -> str:
        """What an estimate of the rest counts, in words."""
        if not self.step or not self.steps_total:
            return "all steps"
        rest = max(0, self.steps_total - self.step)
        return f"the last {rest:,} of {self.steps_total:,} steps"


def why_not_continued(begun: Begun) -> str | None:
    """What keeps a job from being continued at all; None where it can be."""
    if begun.status is not JobStatus.FAILED:
        return "Only a job that ended before it was done can be continued."
    if begun.step is None:
        return "It has saved no checkpoint to go on from. Clone it to begin anew."
    return None


def hindrance(draft: Draft, engine: str, begun: Begun) -> str | None:
    """Why a draft cannot go on from that checkpoint as it is now; None where it can.

    A checkpoint belongs to exactly one training: the trainer refuses it for any other.
    """
    if reason := why_not_continued(begun):
        return reason
    changed = [
        name
        for name, same in (
            ("training file", draft.training_file_id == begun.training_file_id),
            ("parameters", draft.hyperparameters.to_dict() == begun.hyperparameters),
            ("number of steps", draft.max_steps == begun.max_steps),
            ("place where it runs", engine == begun.engine),
        )
        if not same
    ]
    if not changed:
        return None
    what = " and ".join(changed)
    return (
        f"This job is to go on from the checkpoint of “{begun.name}” at step {begun.step:,}, and "
        f"that needs the same {what}. Put back what was changed, or train from the beginning."
    )


def rest_of(
    whole: Estimate,
    begun: Begun,
    offer: Offer,
    *,
    start_hours: Decimal = Decimal(0),
    interruptions: InterruptionRate = NO_SPOT_HISTORY,
) -> Estimate:
    """The estimate of what is left, from that of the whole run on the same offer.

    `start_hours` is what every start takes anew, whatever is left: it is not shortened.
    """
    fixed = min(start_hours, whole.duration_hours)
    return costed(
        fixed + (whole.duration_hours - fixed) * begun.share_left,
        offer,
        interruptions,
        algorithm_version=whole.algorithm_version,
        basis=f"{whole.basis}, for {begun.left}",
        track=whole.track,
    )
