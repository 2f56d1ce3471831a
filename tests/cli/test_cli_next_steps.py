"""`jobs show` says why a job failed or waits in the words of its page, and what to do next."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.past_jobs import insert_past_job
from tests.rented_offers import ON_DEMAND, SPOT, can_be_rented, waiting_job

Make = Callable[..., Any]


def test_a_failed_job_is_shown_with_its_next_steps(
    installation: str, person: Make, training_file: Make, cli: Make
) -> None:
    ada = person("owner")
    failed = insert_past_job(
        ada,
        training_file(actor=ada),
        status="failed",
        failure_code="out_of_memory",
        failure_message="CUDA out of memory.",
    )

    data = cli("jobs", "show", failed, "--json").data
    text = cli("jobs", "show", failed).out

    assert data["failure"].startswith("Not enough memory. The training needed more memory ")
    assert (data["failure_code"], data["waiting"]) == ("out_of_memory", None)
    by_step = {step["step"]: step for step in data["next_steps"]}
    assert list(by_step)[:2] == ["lower_rank", "smaller_batch"]
    assert by_step["smaller_batch"]["label"] == "Smaller batch: 2 → 1"
    assert by_step["smaller_batch"]["difference"] is None
    assert "NEXT STEPS" in text
    assert "Lower rank: 16 → 8" in text


def test_a_waiting_job_is_shown_with_its_looks_and_what_on_demand_adds(
    installation: str, configure: Make, person: Make, training_file: Make, cli: Make
) -> None:
    can_be_rented(configure, SPOT, ON_DEMAND)
    ada = person("owner")
    waits = waiting_job(ada, training_file(actor=ada), "no_capacity", "no_capacity")

    data = cli("jobs", "show", waits, "--json").data

    assert data["waiting"].startswith(
        "No spot H100 PCIe 80GB is free at RunPod; looked 2 times since "
    )
    first = data["next_steps"][0]
    assert first["step"] == "on_demand"
    assert first["difference"] > Decimal(0)
    assert "Start on demand instead: +$" in cli("jobs", "show", waits).out
