"""The schema of an exported job, and that its document says the same."""

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lib.domain.hyperparameters import LIMITS
from lib.domain.job_intake import READ, read
from lib.domain.job_record import COLUMNS, FIELDS, SCHEMA, Kind, cells, record
from lib.domain.presets import PRESETS
from lib.domain.spreadsheet import csv_line

DOCUMENT = Path(__file__).parents[2] / "docs" / "job-export.md"
WHEN = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def row(**values: Any) -> dict[str, Any]:
    """A row as the database gives it: a draft, unless `configuration` makes it a started job."""
    draft = {
        "preset": "balanced",
        "overrides": {"learning_rate": "0.00015"},
        "offer_key": "runpod/H100_PCIE_80GB/spot",
        "max_steps": 12,
        "deadline": "2026-12-01T00:00:00+00:00",
    }
    return {
        "id": "00000000-0000-4000-8000-000000000001",
        "name": "First run",
        "description": "",
        "notes": "",
        "tags": ["poc", "baseline"],
        "status": "pending_configuration",
        "created_at": WHEN,
        "draft": draft,
        "preset": "balanced",
        "configuration": None,
        "engine": None,
        "gpu_type": None,
        "gpu_pricing_tier": None,
        "file_name": "workshop.json",
        "actual_cost": Decimal("0.00"),
        "progress": {},
        **values,
    }


def started(**values: Any) -> dict[str, Any]:
    configuration = {
        "hyperparameters": PRESETS["balanced"].hyperparameters.to_dict() | {"r": 24},
        "overrides": {"r": 24},
        "base_model": "70b",
    }
    return row(
        status="completed",
        configuration=configuration,
        engine="runpod",
        gpu_type="H100_PCIE_80GB",
        gpu_pricing_tier="on_demand",
        gpu_hourly_rate=Decimal("7.99"),
        estimate={"total": "12.50", "track": {"runs": 3}},
        budget_month=date(2026, 11, 1),
        **values,
    )


def paths(data: dict[str, Any], above: str = "") -> list[str]:
    """The paths of all that is in a record, in its order."""
    found = []
    for name, value in data.items():
        if isinstance(value, dict) and above + name != "configuration.overrides":
            found += paths(value, f"{above}{name}.")
        else:
            found.append(above + name)
    return found


def test_every_field_is_there_once_and_in_its_order_whatever_the_job() -> None:
    assert len(set(COLUMNS)) == len(COLUMNS)
    for job in (row(), started(), row(draft={}, preset=None, progress=None)):
        assert paths(record(job)) == list(COLUMNS)
        assert len(cells(job)) == len(COLUMNS)


def test_the_document_lists_the_fields_as_the_code_has_them() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert f'"schema": {SCHEMA}' in text
    listed = [line for line in text.splitlines() if line.startswith("| `")]
    assert listed == [
        f"| `{field.path}` | {field.kind} | {field.unit or '–'} | {field.meaning} | "
        f"{'yes' if field.path in READ else '–'} |"
        for field in FIELDS
    ]
    for kind in Kind:
        assert f"- **{kind}**" in text


def test_what_is_read_back_is_what_is_written() -> None:
    assert set(COLUMNS) >= READ
    intake = read(json.loads(json.dumps(record(row()))))
    assert intake.metadata.tags == ("poc", "baseline")
    assert (intake.preset, intake.overrides) == ("balanced", {"learning_rate": "0.00015"})
    assert (intake.max_steps, intake.offer_key) == (12, "runpod/H100_PCIE_80GB/spot")
    assert intake.differing == ()


def test_amounts_are_the_very_digits_that_are_stored() -> None:
    job = record(started(actual_cost=Decimal("9999999999.99")))
    assert job["actual"]["cost"] == "9999999999.99"
    assert job["estimate"]["total"] == "12.50"
    assert job["offer"]["hourly_rate"] == "7.99"
    assert job["configuration"]["hyperparameters"]["learning_rate"] == "0.0002"


def test_a_draft_tells_what_it_would_train_and_a_started_job_what_it_did() -> None:
    draft = record(row())
    assert draft["configuration"]["hyperparameters"]["learning_rate"] == "0.00015"
    assert draft["offer"] == {
        "key": "runpod/H100_PCIE_80GB/spot",
        "engine": "runpod",
        "gpu": "H100_PCIE_80GB",
        "tier": "spot",
        "hourly_rate": None,
        "rate_source": None,
    }
    run = record(started())
    assert run["configuration"]["hyperparameters"]["r"] == 24
    assert run["offer"]["key"] == "runpod/H100_PCIE_80GB/on_demand"
    assert run["configuration"]["deadline"] is None


def test_a_draft_that_this_version_would_not_take_is_exported_all_the_same() -> None:
    broken = record(row(draft={"preset": "balanced", "overrides": {"r": -1}}))
    assert broken["configuration"]["overrides"] == {"r": -1}
    assert set(broken["configuration"]["hyperparameters"].values()) == {None}
    assert set(broken["configuration"]["hyperparameters"]) == set(LIMITS)


def line(job: dict[str, Any]) -> dict[str, str]:
    (found,) = csv.DictReader(StringIO(csv_line(COLUMNS) + csv_line(cells(job)), newline=""))
    return found


def test_a_line_of_the_table_has_tags_in_one_cell_and_no_formula() -> None:
    cell = line(row(name="=1+1", notes="-1\n@SUM(A1)", actual_cost=Decimal("-0.50")))
    assert cell["tags"] == "poc; baseline"
    assert cell["name"] == "'=1+1"
    assert cell["notes"] == "'-1\n@SUM(A1)"
    assert cell["actual.cost"] == "-0.50"
    assert cell["created_at"] == "2026-11-24T12:30:00+00:00"
    assert cell["configuration.overrides"] == '{"learning_rate": "0.00015"}'
    assert cell["configuration.hyperparameters.target_modules"].startswith("q_proj; v_proj; ")
    assert cell["failure.message"] == ""


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_comes_back_from_both_forms(text: str) -> None:
    job = row(name=text, notes=text, tags=[text])
    assert json.loads(json.dumps(record(job), ensure_ascii=False))["notes"] == text
    assert line(job)["notes"].removeprefix("'") == text.removeprefix("'")
