"""Which address a request came from, when proxies stand between (FR1.2.2's audit log).

Anybody can write anything into X-Forwarded-For. Each proxy adds, at the end, the address that it
was called from; so the list is read from its end, and only as far as trusted proxies wrote it.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_WITH_PORT = re.compile(r"(\d+\.\d+\.\d+\.\d+):\d{1,5}|\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?")
_LONGEST = 60  # characters of an address with its port and spaces


def client_address(peer: str, forwarded: Iterable[str], trusted: Sequence[Network]) -> str | None:
    """The client's address: `peer` itself, unless that is a trusted proxy which names another.

    `forwarded` are the values of the X-Forwarded-For headers, in their order. An entry that is no
    address ends the reading: the last proxy before it is as much as is known. None where the peer
    itself has no address.
    """
    found = _address(peer)
    hops = [hop for value in forwarded for hop in value.split(",")]
    while found is not None and hops and _is_within(found, trusted):
        named = _address(hops.pop())
        if named is None:
            break
        found = named
    return None if found is None else str(found)


def _is_within(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


def _address(text: str) -> Address | None:
    """An address with or without a port; an IPv4 address in IPv6's clothes is an IPv4 address."""
    if len(text) > _LONGEST:
        return None
    bare = text.strip()
    match = _WITH_PORT.fullmatch(bare)
    try:
        found = ip_address(match[1] or match[2] if match else bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
