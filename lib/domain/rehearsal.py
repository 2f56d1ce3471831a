"""When a run may be interrupted on purpose, to see that it survives what a spot machine does."""

from lib.domain.offers import LOCAL_ENGINE, RECOVERY_ATTEMPTS
from lib.domain.states import JobStatus


def why_not(*, engine: str, status: str, attempt: int, ending: bool) -> str | None:
    """Why this run cannot be interrupted now; None where it can.

    `attempt` is the live attempt's number from 1: the last one that may recover is not put at risk,
    since a further interruption would end the job. `ending`: its end has been asked for already.
    """
    if engine != LOCAL_ENGINE:
        return "Only a run on this machine can be interrupted as a rehearsal."
    if status != JobStatus.RUNNING:
        return "Only a run that is training can be interrupted."
    if ending:
        return "The end of this run has been asked for already."
    if attempt > RECOVERY_ATTEMPTS:
        return (
            f"This run has recovered {attempt - 1} times; one more interruption would end the job."
        )
    return None
