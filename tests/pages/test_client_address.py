"""The address that pages write into the audit log."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.runtime.context import ContextProxy, StreamlitHeaders
from streamlit.testing.v1 import AppTest

Make = Callable[..., Any]


def show_address() -> None:
    """A page that shows it."""
    import streamlit as st

    from lib.ui.client_address import client_address

    st.text(client_address())


def address(monkeypatch: pytest.MonkeyPatch, peer: str | None, *forwarded: str) -> str:
    """What a page sees of a connection from `peer` with these X-Forwarded-For headers."""
    headers = StreamlitHeaders([("x-forwarded-for", value) for value in forwarded])
    monkeypatch.setattr(ContextProxy, "ip_address", property(lambda _: peer))
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: headers))
    page = AppTest.from_function(show_address).run()
    assert not page.exception
    return page.text[0].value


def test_nothing_forwarded_is_believed_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert address(monkeypatch, "203.0.113.7", "192.0.2.1") == "203.0.113.7"
    assert address(monkeypatch, "10.0.0.1", "192.0.2.1") == "10.0.0.1"


def test_a_trusted_proxy_is_believed(monkeypatch: pytest.MonkeyPatch, configure: Make) -> None:
    configure(TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.0/8")
    assert address(monkeypatch, "10.0.0.1", "192.0.2.1") == "192.0.2.1"
    assert address(monkeypatch, "10.0.0.1", "192.0.2.1", "198.51.100.2, 10.0.0.9") == "198.51.100.2"
    assert address(monkeypatch, "203.0.113.7", "192.0.2.1") == "203.0.113.7"


def test_this_machine_has_an_address_too(monkeypatch: pytest.MonkeyPatch, configure: Make) -> None:
    """Streamlit gives none for it; a proxy on this machine is like any other."""
    assert address(monkeypatch, None) == "127.0.0.1"
    configure(TRUSTED_PROXIES="127.0.0.1")
    assert address(monkeypatch, None, "192.0.2.1") == "192.0.2.1"
