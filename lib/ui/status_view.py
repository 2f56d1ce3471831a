"""The parts of the status page: what is wrong and what to do, then every figure."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from lib.domain.callbacks import CALLBACKS_COUNTED
from lib.domain.operations import Facts
from lib.domain.states import ACTIVE, JobStatus
from lib.domain.troubles import Level, Trouble
from lib.ui import rented_account_view, status, wizard
from lib.ui.csv_table import table_with_csv
from lib.ui.moments import clock, date_and_time, span
from lib.ui.tables import frame, moment_column
from lib.ui.text import plain

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def draw_troubles(found: Sequence[Trouble], now: datetime) -> None:
    """Each trouble with what to do, the worst first."""
    if not found:
        st.success("Everything is well.", icon=":material/check_circle:")
    for trouble in found:
        text = f"**{plain(trouble.what)}** {plain(trouble.do)}"
        if trouble.level is Level.ERROR:
            st.error(text, icon=":material/error:")
        else:
            st.warning(text, icon=":material/warning:")
    st.caption(
        f"As of {clock(now, now)}; looks again every 10 s. docs/operations.md explains each line."
    )


def draw_figures(facts: Facts) -> None:
    """The figures that are not rows of a table, in two columns."""
    left, right = st.columns(2)
    with left:
        _section("Queue", _queue(facts))
        _section("Outbox", _outbox(facts))
    with right:
        _section("Database", _database(facts))
        _section("Storage", _storage(facts))
        _section("Backup", _backup(facts))
        _section("RunPod", _runpod(facts))


def _section(title: str, rows: Sequence[tuple[str, str]]) -> None:
    st.subheader(title, anchor=False)
    wizard.rows(rows)


def _database(facts: Facts) -> list[tuple[str, str]]:
    database = facts.database
    where = "embedded" if database.embedded else "served"
    schema = f"{database.revision}, up to date" if database.up_to_date else f"{database.revision}"
    return [
        ("PostgreSQL", f"{database.version}, {where}"),
        ("Size", size(database.size_bytes)),
        ("Schema", schema),
    ]


def _queue(facts: Facts) -> list[tuple[str, str]]:
    queue = facts.queue
    shown = [state for state in JobStatus if state in ACTIVE or queue.by_state.get(state)]
    return [
        *((status.TITLES[state], f"{queue.by_state[state]:,}") for state in shown),
        ("Oldest waiting", _since(facts, queue.oldest_waiting_at, "none waits")),
        ("Held by a worker", f"{queue.leased:,}"),
        ("Attempts in doubt", f"{queue.in_doubt:,}"),
        ("Orphans found in 7 days", _with_last(facts)),
    ]


def _with_last(facts: Facts) -> str:
    last = facts.last_orphan_at
    return f"{facts.orphans:,}" + (f", last {clock(last, facts.now)}" if last else "")


def _outbox(facts: Facts) -> list[tuple[str, str]]:
    outbox = facts.outbox
    return [
        ("Waiting", f"{outbox.waiting:,}"),
        ("Oldest waiting", _since(facts, outbox.oldest_waiting_at, "none waits")),
        ("Failed", f"{outbox.failed:,}"),
        ("Kept, no way out connected", f"{outbox.kept:,}"),
    ]


def _storage(facts: Facts) -> list[tuple[str, str]]:
    storage = facts.storage
    return [
        ("Training files", f"{storage.files:,} · {size(storage.file_bytes)}"),
        ("Disk free", f"{size(storage.disk_free)} of {size(storage.disk_total)}"),
    ]


def _backup(facts: Facts) -> list[tuple[str, str]]:
    backup = facts.backup
    if backup is None or backup.made_at is None:
        return [("Last", "none yet")]
    return [("Last", date_and_time(backup.made_at)), ("Size", size(backup.size_bytes))]


def _runpod(facts: Facts) -> list[tuple[str, str]]:
    refused, last = facts.callbacks.refused, facts.callbacks.last_at
    return [
        *rented_account_view.lines(facts.rented, facts.now),
        (
            f"Callbacks refused in {CALLBACKS_COUNTED.days} days",
            f"{refused:,}" + (f", last {clock(last, facts.now)}" if last else ""),
        ),
    ]


def draw_workers(facts: Facts) -> None:
    """Every worker that was seen in the last hour."""
    st.subheader("Workers", anchor=False)
    if not facts.workers:
        st.write("None has been seen in the last hour.")
        return
    columns = {
        "Host": lambda one: one.host,
        "Process": lambda one: str(one.pid),
        "Started": lambda one: one.started_at,
        "Seen": lambda one: f"{span(facts.age(one.seen_at).total_seconds())} ago",
        "State": lambda one: "at work" if facts.is_at_work(one) else "silent",
    }
    table_with_csv(
        "workers",
        frame(facts.workers, columns),  # type: ignore[arg-type]
        height="content",
        column_config={"Started": moment_column()},
    )


def draw_engines(facts: Facts) -> None:
    """Where runs happen, and the last failure of each in a week."""
    st.subheader("Engines", anchor=False)
    columns = {
        "Engine": lambda one: one.name,
        "At once": lambda one: "no limit" if one.capacity is None else str(one.capacity),
        "Runs": lambda one: one.runs,
        "Waiting": lambda one: one.waiting,
        "Last failure": lambda one: one.last_failure or "none in 7 days",
        "Failed": lambda one: one.last_failure_at,
    }
    table_with_csv(
        "engines",
        frame(facts.engines, columns),  # type: ignore[arg-type]
        height="content",
        placeholder="–",
        column_config={"Failed": moment_column()},
    )


def draw_pods(facts: Facts) -> None:
    """The pods at RunPod that are ours."""
    rented_account_view.draw_pods(facts.rented.account if facts.rented else None)


def draw_tasks(facts: Facts) -> None:
    """The tasks that come back: when each ran last, when it runs next."""
    st.subheader("Periodic tasks", anchor=False)
    if not facts.tasks:
        st.write("None has been registered: the first worker does that.")
        return
    columns = {
        "Task": lambda one: one.name.replace("_", " "),
        "Last run": lambda one: one.finished_at,
        "Next": lambda one: one.due_at,
        "Error": lambda one: one.error or "",
    }
    table_with_csv(
        "tasks",
        frame(facts.tasks, columns),  # type: ignore[arg-type]
        height="content",
        placeholder="–",
        column_config={"Last run": moment_column(), "Next": moment_column()},
    )


def _since(facts: Facts, moment: datetime | None, without: str) -> str:
    return without if moment is None else f"for {span(facts.age(moment).total_seconds())}"


def size(count: int) -> str:
    """Bytes in the unit that leaves one to three digits before the point."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    digits = 0 if unit == 0 or value >= 100 else 1
    return f"{value:,.{digits}f} {_UNITS[unit]}"
