"""The cards below a job's live part: result, configuration, estimate and actual."""

from decimal import Decimal

import streamlit as st
from sqlalchemy import Row

from lib import storage
from lib.domain.estimate import Estimate, format_hours
from lib.domain.money import percent, usd
from lib.domain.offers import TIER_TITLES, Tier
from lib.domain.people import Person
from lib.domain.presets import PARAMETER_HELP, PRESETS
from lib.domain.states import TERMINAL, JobStatus
from lib.services import jobs, quotes
from lib.ui import wizard
from lib.ui.text import file_size, plain, safe

_LOADING = """\
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained({base!r})
model = PeftModel.from_pretrained(base, "adapter")
"""


def draw_result(person: Person, job: Row) -> None:
    """The adapter: its download, its size and digest, and how it is loaded."""
    archive = storage.runs_folder() / job.adapter_key
    if not archive.is_file():
        st.error("The adapter was made, but its file is no longer in this installation's storage.")
        return

    def content() -> bytes:
        jobs.status_of(person, job.id)  # may have become somebody else's since the page was drawn
        return archive.read_bytes()

    with st.container(key="card-result"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "Download LoRA adapter",
                data=content,
                file_name="adapter.zip",
                mime="application/zip",
                type="primary",
                icon=":material/download:",
                on_click="ignore",
            )
            st.html(
                f'<small class="digest">adapter.zip · {file_size(archive.stat().st_size)}<br>'
                f"SHA-256 <code>{safe(job.adapter_sha256)}</code></small>"
            )
        with st.expander("How to load it", icon=":material/code:"):
            st.caption("Unpack the archive into a folder named adapter, then:")
            name = job.progress.get("base_model", "tiny")
            st.code(_LOADING.format(base="adapter/base_model" if name == "tiny" else name))


def draw_configuration(job: Row) -> None:
    """What was trained, on what, with which parameters."""
    configuration = job.configuration
    with st.container(key="card-configuration"):
        st.subheader("Configuration", anchor=False)
        pairs = [
            ("Training file", job.file_name),
            ("Preset", PRESETS[job.preset].title + _changed(configuration["overrides"])),
            ("Runs on", f"{configuration['gpu_title']}, {TIER_TITLES[Tier(job.gpu_pricing_tier)]}"),
            ("Rate", f"{usd(job.gpu_hourly_rate)} an hour"),
            ("Spending cap", usd(job.spending_cap) if job.spending_cap is not None else ""),
            ("Base model", job.progress.get("base_model")),
            ("Steps at most", configuration["max_steps"]),
        ]
        wizard.rows((label, str(value)) for label, value in pairs if value)
        with st.expander("Parameters", icon=":material/settings:"):
            wizard.rows(
                (PARAMETER_HELP[name][0], quotes.shown_value(value))
                for name, value in configuration["hyperparameters"].items()
            )


def draw_comparison(job: Row) -> None:
    """The estimate that the job was started with beside what it took."""
    estimate = Estimate.from_dict(job.estimate)
    hours = job.actual_duration_hours
    lines = [
        (
            "Range",
            _hours(estimate.duration_min_hours, estimate.duration_max_hours),
            f"{usd(estimate.cost_min)} – {usd(estimate.cost_max)}",
        ),
        ("Expected", _hours(estimate.duration_hours), usd(estimate.total)),
        (
            "Actual",
            "–" if hours is None else _hours(hours),
            usd(job.actual_cost) if job.status in TERMINAL else "–",
        ),
    ]
    if job.status == JobStatus.COMPLETED:
        time_off = "–" if hours is None else _difference(hours, estimate.duration_hours)
        lines.append(("Difference", time_off, _difference(job.actual_cost, estimate.total)))
    body = "".join(
        f"<tr><th scope=row>{label}</th><td>{duration}</td><td>{cost}</td></tr>"
        for label, duration, cost in lines
    )
    with st.container(key="card-comparison"):
        st.subheader("Estimate and actual", anchor=False)
        st.html(
            '<table class="rows compared"><tr><td></td><th scope=col>Time</th>'
            f"<th scope=col>Cost</th></tr>{body}</table>"
        )
        st.caption(f"Estimated from {plain(estimate.basis)}, ±15 %.")


def _changed(overrides: dict[str, int]) -> str:
    return " (modified)" if overrides else ""


def _hours(*hours: Decimal) -> str:
    """One duration or a range, as the cost panel writes them."""
    return " – ".join(format_hours(value) for value in hours)


def _difference(actual: Decimal, expected: Decimal) -> str:
    """How far off the estimate was, signed, in percent of it."""
    if not expected:
        return "–" if actual else "none"
    return f"{percent(actual - expected, expected):+} %"
