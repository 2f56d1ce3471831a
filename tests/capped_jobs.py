"""Jobs that ended at their spending cap, with the checkpoint that they saved, without a run."""

from decimal import Decimal
from uuid import UUID

from lib import storage
from lib.db import jobs
from lib.db.connection import transaction
from lib.domain import spending_cap
from lib.domain.states import JobStatus
from lib.services.settlement import end_job

_ON_THE_WAY = (JobStatus.PROVISIONING, JobStatus.STARTING, JobStatus.RUNNING)


def checkpoint(job_id: UUID, step: int, content: str = "weights") -> None:
    """What looks like a whole checkpoint in the job's folder."""
    folder = storage.run_folder(job_id) / "checkpoints" / f"step-{step}"
    (folder / "inner").mkdir(parents=True)
    (folder / "model.bin").write_text(content)
    (folder / "inner" / "state.json").write_text("{}")
    (folder / "COMPLETE").write_text("{}")


def run_until(job_id: UUID, *, cost: str, step: int = 40, steps_total: int = 100) -> None:
    """A started job is as far as its worker would have brought it, and has cost so much."""
    progress = {"step": step, "steps_total": steps_total, "percent": 100 * step / steps_total}
    with transaction() as connection:
        for state in _ON_THE_WAY:
            job = jobs.lock(connection, job_id)
            assert job is not None
            jobs.transition(connection, job, state, str(state))
        jobs.write(connection, job_id, actual_cost=Decimal(cost), progress=progress)


def end_at_cap(job_id: UUID, *, step: int | None = 40, steps_total: int = 100) -> None:
    """A started job has reached its cap, as the worker ends it: cost, code, message, checkpoint."""
    with transaction() as connection:
        job = jobs.by_id(connection, job_id)
    assert job is not None
    cap = job.spending_cap
    run_until(job_id, cost=str(cap), step=step or 0, steps_total=steps_total)
    if step is not None:
        checkpoint(job_id, step)
    with transaction() as connection:
        job = jobs.lock(connection, job_id)
        assert job is not None
        message = spending_cap.reached_message(cap, cap, step)
        end_job(
            connection,
            job,
            JobStatus.FAILED,
            message,
            cap,
            failure_code=spending_cap.CODE,
            failure_message=message,
            progress=job.progress | ({} if step is None else {"checkpoint_step": step}),
        )
