"""The audit log's parts: filters that live in the address, the table, the verification."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.audit import ActionType, Filter
from lib.domain.people import ADMINISTERING, Person
from lib.services import audit
from lib.services.audit import Verification
from lib.ui.tables import dollars, frame, moment_column, money_column
from lib.ui.text import plain

AFTER = "after"  # the address names where the page begins
_VERIFIED = "audit_verified"
_NEWEST, _OLDEST = "newest", "oldest"


def choose_filter(person: Person) -> Filter:
    """The filters in two rows. The address holds them: it can be shared, and a reload keeps it."""
    people = {str(user.id): user for user in audit.subjects(person)}
    wide, action, who = st.columns([2, 1, 1.3])
    text = wide.text_input(
        "Search justifications", type="search", max_chars=200, **_of_address("text", _as_it_is)
    )
    chosen = action.selectbox(
        "Action",
        list(ActionType),
        index=None,
        format_func=lambda one: one.words,
        placeholder="All actions",
        **_of_address("action", ActionType),
    )
    of_whom = who.selectbox(
        "Person",
        list(people),
        index=None,
        format_func=lambda key: f"{people[key].name} · {people[key].email}",
        placeholder="Everybody",
        **_of_address("who", lambda key: key if key in people else None),
    )
    since, until, job, order = st.columns([1, 1, 1.5, 1])
    first = since.date_input("From", **_of_address("since", audit.day))
    last = until.date_input("Until", **_of_address("until", audit.day))
    of_job = job.text_input("Job id", max_chars=36, **_of_address("job", _as_it_is))
    sequence = order.selectbox(
        "Order",
        [_NEWEST, _OLDEST],
        format_func=lambda one: f"{one.title()} first",
        **_of_address("order", lambda one: _OLDEST if one == _OLDEST else _NEWEST, _NEWEST),
    )
    return Filter(
        action=chosen,
        person_id=UUID(of_whom) if of_whom else None,
        job_id=_job_id(of_job or ""),
        text=text or "",
        oldest_first=sequence == _OLDEST,
        **audit.period(first, last),
    )


def clear_filters() -> None:
    """A callback: everything is shown again."""
    st.query_params.clear()


def _of_address(name: str, read: Callable[[str], Any], otherwise: Any = None) -> dict[str, Any]:
    """A widget's key and callback; its value is what the address says, where that makes sense."""
    key = f"audit-{name}"
    said = st.query_params.get(name)
    try:
        st.session_state[key] = read(said) if said else otherwise
    except ValueError:
        st.session_state[key] = otherwise
    return {"key": key, "on_change": _into_address, "args": (name, key, otherwise)}


def _into_address(name: str, key: str, otherwise: Any) -> None:
    """What was chosen goes into the address; the list begins at its top again."""
    chosen = st.session_state[key]
    if chosen and chosen != otherwise:
        st.query_params[name] = str(chosen)
    else:
        st.query_params.pop(name, None)
    st.query_params.pop(AFTER, None)


def _as_it_is(text: str) -> str:
    return text[:200]


def _job_id(text: str) -> UUID | None:
    if not text.strip():
        return None
    try:
        return UUID(text.strip())
    except ValueError:
        st.warning(f"job id: {plain(repr(text))} is not an id; entries of all jobs are shown.")
        return None


def draw_table(entries: Sequence[Row]) -> None:
    """Entries in a grid that sorts by its headings."""
    columns: dict[str, Callable[[Row], Any]] = {
        "No.": lambda entry: entry.id,
        "Time": lambda entry: entry.timestamp,
        "Action": lambda entry: ActionType(entry.action_type).words,
        "Amount": lambda entry: dollars(entry.amount),
        "Whose budget": lambda entry: entry.user_name,
        "By": lambda entry: entry.actor_name,
        "Justification": lambda entry: entry.justification,
        "Job": lambda entry: entry.job_name,
        "IP address": lambda entry: str(entry.ip_address) if entry.ip_address else None,
        "Details": lambda entry: json.dumps(entry.details, ensure_ascii=False),
    }
    st.dataframe(
        frame(entries, columns),
        key="audit-entries",
        hide_index=True,
        row_height=38,
        placeholder="–",
        height="content" if len(entries) <= 14 else 580,
        column_config={
            "No.": st.column_config.NumberColumn(width=60, format="%d"),
            "Time": moment_column("YYYY-MM-DD HH:mm:ss", width=150),
            "Action": st.column_config.TextColumn(width=130),
            "Amount": money_column("Of the job, the limit, or what an override covers"),
            "Whose budget": st.column_config.TextColumn(width=115),
            "By": st.column_config.TextColumn(width=115),
            "Job": st.column_config.TextColumn(width=160),
            "Justification": st.column_config.TextColumn(width=260),
            "IP address": st.column_config.TextColumn(width=110),
        },
    )


def draw_verification(person: Person) -> None:
    """For admins and the owner: the chain recomputed row by row, and its end to note down."""
    if person.role not in ADMINISTERING:
        return
    with st.expander("Verify that nothing was changed", icon=":material/verified_user:"):
        st.caption(
            "Each row is chained to the one before by a hash. Note the newest hash elsewhere from "
            "time to time: only a noted one shows that rows were cut off at the end."
        )
        head = audit.head(person)
        if head is not None:
            st.code(head.hash, language=None, wrap_lines=True)
            st.caption(f"The newest hash, of row {head.id:,}; {head.rows:,} rows in all.")
        noted = st.text_input("A hash noted earlier (optional)", max_chars=80, key="noted-hash")
        if st.button("Verify", icon=":material/link:", type="primary", key="verify"):
            st.session_state[_VERIFIED] = _verify(person, noted or None)
        result = st.session_state.get(_VERIFIED)
        if result is not None:
            _draw_result(result)


def _verify(person: Person, noted: str | None) -> Verification | str:
    """The verification, or what is wrong with the noted hash."""
    bar = st.progress(0.0, "Verifying")

    def progress(done: int, rows: int) -> None:
        bar.progress(min(1.0, done / max(rows, 1)), f"Verifying: {done:,} of {rows:,} rows")

    try:
        return audit.verify(person, noted, progress)
    except ValueError as error:
        return str(error)
    finally:
        bar.empty()


def _draw_result(result: Verification | str) -> None:
    if isinstance(result, str):
        st.error(plain(result), icon=":material/error:")
    elif result.intact:
        st.success(
            f"All {result.rows:,} rows are as they were written, in their order.",
            icon=":material/verified:",
        )
    else:
        at = f"Row {result.first_broken:,} breaks the chain" if result.first_broken else "Broken"
        st.error(
            f"{at} – {plain(result.reason)}. {result.rows:,} rows before it are in order.",
            icon=":material/gpp_bad:",
        )
