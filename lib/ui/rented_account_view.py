"""RunPod on the status page: how it is set up, its money, and the pods of ours as last listed."""

from datetime import datetime

import streamlit as st

from lib.domain.money import usd
from lib.domain.rented_account import Account, Rented
from lib.ui.csv_table import table_with_csv
from lib.ui.moments import clock
from lib.ui.tables import dollars, frame, money_column


def lines(rented: Rented | None, now: datetime) -> list[tuple[str, str]]:
    """Label and value of each line of the section."""
    if rented is None:
        return [("Key", "not set: RUNPOD_API_KEY")]
    shown = [
        ("Key", "set"),
        ("Jobs start there", rented.missing or "yes"),
        ("Pod names begin with", rented.prefix),
    ]
    account = rented.account
    if account is None:
        return [*shown, ("Account", "not read yet: the worker does that every 10 minutes")]
    return [*shown, *_money(account), ("Read", clock(account.read_at, now))]


def _money(account: Account) -> list[tuple[str, str]]:
    if account.balance is None or account.hourly_spend is None:
        return [("Balance", f"not told. {account.problem}")]
    hours = account.hours_left
    return [
        ("Balance", usd(account.balance)),
        ("Spent an hour now", usd(account.hourly_spend)),
        ("Lasts for", "nothing is spent" if hours is None else f"{hours:,.0f} hours"),
        ("Active jobs may still cost", usd(account.reserved)),
    ]


def draw_pods(account: Account | None) -> None:
    """The pods of this installation; one that no live attempt owns is about to be ended."""
    if account is None or not account.pods:
        return
    st.subheader("Pods", anchor=False)
    columns = {
        "Pod": lambda pod: pod.name,
        "State": lambda pod: (pod.status or "unknown").lower(),
        "An hour": lambda pod: dollars(pod.hourly_cost),
        "Belongs to": lambda pod: "a job" if pod.is_known else "no job: it is being ended",
    }
    table_with_csv(
        "pods",
        frame(account.pods, columns),  # type: ignore[arg-type]
        height="content",
        placeholder="–",
        column_config={"An hour": money_column("What RunPod says it costs")},
    )
