"""The audit log: every decision about budgets, who made it and why, and whether it is whole."""

import streamlit as st

from lib.domain.audit import Filter
from lib.services import audit
from lib.ui import audit_view
from lib.ui.audit_view import AFTER
from lib.ui.guard import guard

person = guard()


def begin_after() -> int | None:
    """The entry after which the address has the page begin."""
    text = st.query_params.get(AFTER, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def turn(after: int | None) -> None:
    """A callback: another page of the same entries; None is the first."""
    if after is None:
        st.query_params.pop(AFTER, None)
    else:
        st.query_params[AFTER] = str(after)


def nothing_found() -> None:
    """What to do where there is no entry, or none that matches."""
    with st.container(key="empty"):
        if narrowed or after is not None:
            st.subheader("No entry matches", anchor=False)
            st.button("Clear the filters", on_click=audit_view.clear_filters)
        else:
            st.subheader("Nothing recorded yet", anchor=False)
            st.write(
                "Limits, requests, starts, refusals and settlements are recorded here for good, "
                "each with who, when, why and how much."
            )


st.title("Audit log", anchor=False)
wanted = audit_view.choose_filter(person)
narrowed = wanted != Filter(oldest_first=wanted.oldest_first)
after = begin_after()
page = audit.entries(person, wanted, after=after)
if not page.entries:
    nothing_found()
else:
    audit_view.draw_table(page.entries)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Nobody can change or delete an entry. The table sorts by its headings.")
        if after is not None:
            st.button(
                "First page",
                icon=":material/first_page:",
                type="tertiary",
                on_click=turn,
                args=(None,),
            )
        if page.next_after is not None:
            st.button(
                "Next page",
                icon=":material/chevron_right:",
                type="tertiary",
                on_click=turn,
                args=(page.next_after,),
            )
        st.download_button(
            "Export as CSV",
            data=lambda: "".join(audit.as_csv(person, wanted)).encode("utf-8-sig"),
            file_name="audit-log.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            type="tertiary",
            help="All entries that match, not this page alone.",
        )
audit_view.draw_verification(person)
