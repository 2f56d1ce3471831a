"""Which address counts behind proxies: what nobody trusted has written is never believed."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.client_address import client_address

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["1.2.3.4"], "203.0.113.7"),  # no proxy: it wrote that itself
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.7"], "203.0.113.7"),  # the first is the client's word
        ("10.0.0.1", ["203.0.113.7, 10.0.0.2"], "203.0.113.7"),  # two proxies
        ("10.0.0.1", ["1.2.3.4", "203.0.113.7"], "203.0.113.7"),  # two headers
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.7:51234"], "203.0.113.7"),
        ("10.0.0.1", ["[2001:db8::7]:443"], "2001:db8::7"),
        ("10.0.0.1", ["2001:DB8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("fd00::1", ["203.0.113.7"], "203.0.113.7"),
        ("fe80::1%eth0", [], "fe80::1"),
    ],
)
def test_the_address_that_counts(peer: str, forwarded: list[str], address: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        ",",
        "unknown",
        "<script>alert(1)</script>",
        "'; DROP TABLE users; --",
        "203.0.113.7\r\nX-Admin: 1",
        "999.1.1.1",
        "0x7f.1",
        "203.0.113",
        "３.１.１.１",
        "1.2.3.4/24",
        "[::1",
        "1.2.3.4:999999",
        "127.0.0.1 127.0.0.1",
        "9" * 100_000,
        "1.2.3.4, _hidden",
    ],
)
def test_what_is_no_address_leaves_the_last_proxy(hostile: str) -> None:
    assert client_address("10.0.0.1", [hostile], PROXIES) == "10.0.0.1"


def test_without_trusted_proxies_nothing_forwarded_counts() -> None:
    assert client_address("10.0.0.1", ["203.0.113.7"], []) == "10.0.0.1"


def test_a_peer_without_an_address_has_none() -> None:
    assert client_address("testclient", ["203.0.113.7"], PROXIES) is None


@given(st.lists(st.text()), st.ip_addresses().filter(lambda ip: not ip.is_private))
def test_whatever_a_client_writes_its_proxy_has_the_last_word(written: list[str], client) -> None:
    """The proxy adds the client's address at the end, and nothing before that is read."""
    mapped = getattr(client, "ipv4_mapped", None)
    found = client_address("10.0.0.1", [*written, str(client)], PROXIES)
    assert found == str(mapped or client)


@given(st.text())
def test_it_is_always_something_that_the_database_takes(written: str) -> None:
    ip_address(client_address("10.0.0.1", [written], PROXIES) or "")
