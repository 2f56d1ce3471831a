"""The pages, as rows: the wizard's five steps and the pages around it."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

PAGES = Path(__file__).resolve().parents[2] / "pages"


@dataclass(frozen=True)
class PageRow:
    """One page: its file and address, its name for people, and whether the top bar lists it."""

    name: str
    title: str
    icon: str
    listed: bool = True

    @property
    def file(self) -> Path:
        return PAGES / f"{self.name}.py"


WIZARD = (
    PageRow("dataset", "Dataset", ":material/database:"),
    PageRow("preset", "Preset", ":material/tune:", listed=False),
    PageRow("gpu", "GPU", ":material/memory:", listed=False),
    PageRow("details", "Details", ":material/edit_note:", listed=False),
    PageRow("review", "Review", ":material/fact_check:", listed=False),
)
AROUND = (
    PageRow("jobs", "Jobs", ":material/list_alt:"),
    PageRow("quotes", "Quotes", ":material/request_quote:"),
    PageRow("job", "Job", ":material/monitoring:", listed=False),
    PageRow("budget", "Budget", ":material/account_balance_wallet:"),
    PageRow("audit", "Audit", ":material/history_edu:"),
    PageRow("approvals", "Approvals", ":material/approval:"),
    PageRow("outbox", "Outbox", ":material/outbox:", listed=False),
    PageRow("people", "People", ":material/group:", listed=False),
    PageRow("accuracy", "Accuracy", ":material/target:"),
    PageRow("guide", "Guide", ":material/menu_book:"),
)
ROWS = (AROUND[0], *WIZARD, *AROUND[1:])


def page(name: str) -> StreamlitPage:
    """The page object, for links and switches from one page to another."""
    row = next(row for row in ROWS if row.name == name)
    return st.Page(
        row.file,
        title="New job" if name == "dataset" else row.title,
        icon=":material/add_circle:" if name == "dataset" else row.icon,
        url_path=row.name,
        default=row.name == "jobs",
        visibility="visible" if row.listed else "hidden",
    )


def all_pages() -> list[StreamlitPage]:
    return [page(row.name) for row in ROWS]


def go(name: str, job_id: object | None = None) -> None:
    """Switches to a page; the address names the job."""
    st.switch_page(page(name), query_params={"job": str(job_id)} if job_id else {})
