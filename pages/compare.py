"""Two to six jobs side by side: what differs, what came out, who is ahead (FR1.3.1)."""

from datetime import UTC, datetime

import streamlit as st

from lib.domain.job_comparison import LEAST, configuration, estimates, read_ids, results
from lib.services import job_comparison
from lib.services.job_comparison import Comparison
from lib.ui import comparison_choice, comparison_table
from lib.ui.charts import PLOT_CONFIG
from lib.ui.comparison_charts import AXES, loss_chart
from lib.ui.export_buttons import export_buttons
from lib.ui.guard import guard
from lib.ui.text import plain, safe

person = guard()
_MANY_EQUAL = 6  # lines of the configuration: from here on they hide what differs
_PROBLEMS = 5  # told one by one


def remember(name: str, usual: object) -> None:
    """Puts a widget's new value into the address, which is what the page is drawn from."""
    value = st.session_state[f"compare-{name}"]
    if value is None or value == usual:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = str(int(value)) if isinstance(value, bool) else value


def switch(label: str, name: str, usual: bool) -> bool:
    """A switch whose state is in the address; `usual` where that says nothing."""
    st.session_state[f"compare-{name}"] = {"0": False, "1": True}.get(
        st.query_params.get(name, ""), usual
    )
    return st.toggle(label, key=f"compare-{name}", on_change=remember, args=(name, usual))


def tell(wrong: list[str]) -> None:
    told = wrong[:_PROBLEMS]
    if len(wrong) > _PROBLEMS:
        told.append(f"{len(wrong) - _PROBLEMS} more of the kind.")
    if told:
        st.warning("  \n".join(map(plain, told)), icon=":material/warning:")


def draw_curves(seen: Comparison) -> None:
    st.subheader("Loss", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        asked = st.query_params.get("axis", "")
        st.session_state["compare-axis"] = asked if asked in AXES else "step"
        axis = st.segmented_control(
            "Loss along",
            list(AXES),
            format_func=lambda name: AXES[name],
            required=True,
            key="compare-axis",
            label_visibility="collapsed",
            on_change=remember,
            args=("axis", "step"),
        )
        smooth = switch("Smooth", "smooth", False)
    figure, left_out = loss_chart(seen.jobs, seen.curves, axis or "step", smooth=smooth)
    if figure is not None:
        st.plotly_chart(
            figure,
            key="curves",
            config=PLOT_CONFIG,
            alt=f"Training loss of the compared jobs, {AXES[axis or 'step'].lower()}",
        )
    for words in left_out:
        st.caption(plain(words))


def draw_configuration(seen: Comparison) -> None:
    section = configuration(seen.jobs)
    equal = len(section.lines) - len(section.differing)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.subheader("Configuration", anchor=False)
        only = len(seen.jobs) > 1 and switch("Only differences", "diff", equal >= _MANY_EQUAL)
    lines = section.differing if only else section.lines
    if not lines:
        st.write("These jobs are configured alike, down to the last parameter.")
        return
    comparison_table.draw(seen.jobs, [("", lines)], about=False)
    if only and equal:
        st.caption(f"{equal} more lines are the same for all.")


def draw_exports(seen: Comparison) -> None:
    ids = [job.id for job in seen.jobs]
    name = f"comparison-{datetime.now(UTC):%Y-%m-%d}"

    def csv() -> bytes:  # read anew: a job may have become somebody else's since it was drawn
        return job_comparison.as_csv(job_comparison.compare(person, ids)).encode()

    def pdf() -> bytes:
        return job_comparison.as_pdf(job_comparison.compare(person, ids))

    with st.container(horizontal=True, vertical_alignment="center"):
        for ending, data in (("csv", csv), ("pdf", pdf)):
            st.download_button(
                f"Comparison as {ending.upper()}",
                data,
                file_name=f"{name}.{ending}",
                key=f"comparison-{ending}",
                icon=":material/download:",
                on_click="ignore",
            )
        export_buttons(ids)
        st.caption("The address of this page holds the whole comparison: send it to share it.")


st.title("Compare jobs", anchor=False)
asked, wrong = read_ids(",".join(st.query_params.get_all("jobs")))
seen = job_comparison.compare(person, asked)
tell(wrong + [f"There is no job {one}, or it is not yours to see." for one in seen.missing])
comparison_choice.draw_bar(person, seen.jobs)
if not seen.jobs:
    with st.container(key="empty"):
        st.subheader("Choose two to six jobs", anchor=False)
        st.write("Search for them above, or choose them in the list of jobs.")
    st.stop()
comparison_choice.draw_offers(person, seen.jobs)
if len(seen.jobs) < LEAST:
    st.info("Add another job to compare this one with.", icon=":material/compare_arrows:")
else:
    st.html(f'<p class="verdict" dir="auto">{safe(seen.verdict)}</p>')
comparison_table.draw(
    seen.jobs,
    [(section.title, section.lines) for section in (results(seen.jobs), estimates(seen.jobs))],
    about=True,
)
draw_curves(seen)
draw_configuration(seen)
draw_exports(seen)
