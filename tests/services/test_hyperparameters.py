"""What was set by hand is what the job keeps, and what the trainer is told."""

from collections.abc import Callable
from pathlib import Path

from lib.domain.draft import change
from lib.domain.people import Person
from lib.engines.configuration import trainer_config
from lib.services import drafts, jobs, starting
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from trainer import config

OVERRIDES = {"learning_rate": 0.00025, "lora_dropout": "0.2", "lr_scheduler_type": "linear"}


def test_overrides_reach_the_job_and_the_trainer(
    person: Callable[..., Person], local_draft: Callable[..., OpenDraft], tmp_path: Path
) -> None:
    ana = person()
    opened = local_draft(ana)
    before = assess(opened)
    changed = change(opened.draft, drafts.today(), overrides=OVERRIDES)
    opened = drafts.save(ana, opened, changed)
    assessment = assess(opened)
    assert before.estimate is not None
    assert assessment.estimate is not None
    assert assessment.estimate.total == before.estimate.total  # none of them takes longer
    assert assessment.digest != before.digest  # but what was shown before cannot be started

    starting.start(ana, opened.job_id, assessment.digest)

    kept = jobs.view(ana, opened.job_id).job.configuration
    assert kept["overrides"] == {**OVERRIDES, "learning_rate": "0.00025"}
    told = trainer_config(
        job_id=str(opened.job_id),
        attempt=1,
        run_dir=str(tmp_path),
        sequences=str(tmp_path / "sequences.jsonl"),
        hyperparameters=kept["hyperparameters"],
        model_cache=str(tmp_path / "cache"),
    )
    trained = config.parse(told).hyperparameters
    assert (trained.learning_rate, trained.lora_dropout) == (0.00025, 0.2)
    assert (trained.lr_scheduler_type, trained.r) == ("linear", 8)
