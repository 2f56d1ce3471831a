"""Loss and speed of a past job's steps, and the progress after the last of them."""

import math
import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lib.demo.past_job import PastJob

_LOSSES = {True: (5.6, 2.9), False: (1.9, 0.82)}  # first and last, here and rented
_SPREAD = 0.03  # of the loss from step to step
_TRAINABLE = {8: 33_554_432, 16: 207_093_760, 32: 414_187_520}  # parameters by rank, 70B


def progress(job: PastJob) -> dict[str, Any]:
    """The `progress` column as the worker leaves it; empty where nothing was trained."""
    trained = [attempt for attempt in job.attempts if attempt.running is not None]
    if not trained or not trained[-1].last_step:
        return {}
    step, total = trained[-1].last_step, job.steps
    chosen = job.draft.hyperparameters
    speed = _speed(job)
    tokens = _tokens(job, step)
    return {
        "base_model": "tiny" if job.offer.is_local else "70b",
        "device": "cpu" if job.offer.is_local else "cuda",
        "trainable_parameters": 24_576 if job.offer.is_local else _TRAINABLE[chosen.r],
        "resumed_from_step": trained[-1].first_step or None,
        "step": step,
        "steps_total": total,
        "percent": round(100 * step / total, 1),
        "epoch": round(chosen.num_train_epochs * step / total, 2),
        "loss": _loss(job, step),
        "first_loss": _loss(job, 1),
        "tokens_per_second": round(speed, 1),
        "tokens_seen": tokens,
        "elapsed_seconds": round(tokens / speed, 1),
        "eta_seconds": round((_tokens(job, total) - tokens) / speed),
    }


def metric_rows(job: PastJob) -> Iterator[dict[str, Any]]:
    """A row a step; a step that two attempts trained counts as the later one's."""
    last_by: dict[int, tuple[int, datetime]] = {}
    for attempt in job.attempts:
        if attempt.running is not None:
            for step in range(attempt.first_step + 1, attempt.last_step + 1):
                last_by[step] = (attempt.number, attempt.moment_of(step))
    if not last_by:
        return
    speed = _speed(job)
    for step, (number, at) in sorted(last_by.items()):
        tokens = _tokens(job, step)
        yield {
            "job_id": job.id,
            "step": step,
            "attempt": number,
            "at": at,
            "loss": _loss(job, step),
            "learning_rate": f"{_learning_rate(job, step):.12f}",
            "tokens_seen": tokens,
            "tokens_per_second": round(speed * (1 + 0.4 * _jitter(job, step)), 2),
            "elapsed_seconds": round(tokens / speed, 3),
        }


def _tokens(job: PastJob, step: int) -> int:
    epochs = job.draft.hyperparameters.num_train_epochs
    return job.file.tokens["tokens_total"] * epochs * step // job.steps


def _speed(job: PastJob) -> float:
    """Tokens a second over the whole run."""
    attempt = max(job.attempts, key=lambda one: one.last_step - one.first_step)
    assert attempt.running is not None
    seconds = (attempt.ended - attempt.running).total_seconds()
    tokens = _tokens(job, attempt.last_step) - _tokens(job, attempt.first_step)
    return max(tokens, 1) / max(seconds, 0.001)


def _loss(job: PastJob, step: int) -> float:
    first, last = _LOSSES[job.offer.is_local]
    done = (step - 1) / job.steps
    level = last + (first - last) * math.exp(-3.2 * done)
    return round(level * (1 + _jitter(job, step)), 6)


def _learning_rate(job: PastJob, step: int) -> float:
    """Linear warm-up, then a cosine to zero, as the trainer schedules it."""
    chosen = job.draft.hyperparameters
    warm = max(1, math.ceil(job.steps * float(chosen.warmup_ratio)))
    if step <= warm:
        return float(chosen.learning_rate) * step / warm
    done = (step - warm) / max(1, job.steps - warm)
    return float(chosen.learning_rate) * (1 + math.cos(math.pi * done)) / 2


def _jitter(job: PastJob, step: int) -> float:
    """The same for the same job and step, whoever asks."""
    seed = job.id.int % 1_000_003 * 4099 + step
    return random.Random(seed).gauss(0, _SPREAD)  # noqa: S311 - not for secrets
