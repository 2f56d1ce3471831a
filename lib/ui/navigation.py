"""The pages, as rows: the wizard's five steps and the pages around it, by menu."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

PAGES = Path(__file__).resolve().parents[2] / "pages"


@dataclass(frozen=True)
class PageRow:
    """One page: its file and address, its name for people, its menu, and whether that lists it.

    Pages without a menu stand in the top bar themselves.
    """

    name: str
    title: str
    icon: str
    menu: str = ""
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
    PageRow("job", "Job", ":material/monitoring:", listed=False),
    PageRow("compare", "Compare", ":material/compare_arrows:", listed=False),
    PageRow("templates", "Templates", ":material/content_copy:", "Library"),
    PageRow("quotes", "Quotes", ":material/request_quote:", "Library"),
    PageRow("clients", "Clients", ":material/handshake:", "Library"),
    PageRow("budget", "Budget", ":material/account_balance_wallet:", "Money"),
    PageRow("approvals", "Approvals", ":material/approval:", "Money"),
    PageRow("audit", "Audit", ":material/history_edu:", "Money"),
    PageRow("team", "Team", ":material/groups:", "Insight"),
    PageRow("accuracy", "Accuracy", ":material/target:", "Insight"),
    PageRow("guide", "Guide", ":material/menu_book:", "Insight"),
    PageRow("notifications", "Notifications", ":material/notifications:", listed=False),
    PageRow("outbox", "Outbox", ":material/outbox:", listed=False),
    PageRow("people", "People", ":material/group:", listed=False),
    PageRow("status", "Status", ":material/monitor_heart:", listed=False),
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


def all_pages() -> dict[str, list[StreamlitPage]]:
    """All pages by menu, in the order of the top bar."""
    menus: dict[str, list[StreamlitPage]] = {}
    for row in ROWS:
        menus.setdefault(row.menu, []).append(page(row.name))
    return menus


def go(name: str, job_id: object | None = None) -> None:
    """Switches to a page; the address names the job."""
    st.switch_page(page(name), query_params={"job": str(job_id)} if job_id else {})
