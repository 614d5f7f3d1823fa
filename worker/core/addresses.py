"""Which IP addresses are global: those of the public internet, and of no machine nearby."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

_NOT_GLOBAL: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/3",
        # Clouds' own services: Azure's agent has an address that any other host could have.
        "168.63.129.16/32",
    )
)  # fmt: skip
"""IPv4 networks that some version of Python's `ipaddress` takes for global."""
_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_6TO4: Final = IPv6Network("2002::/16")
_RESERVED: Final = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
"""Within 2000::/3: Teredo and other protocols' addresses, and those of documents."""


def is_global(address: Address) -> bool:
    """Whether `address` is of the public internet.

    An IPv6 address that stands for an IPv4 address (mapped, NAT64, 6to4) is what that one is.
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _NOT_GLOBAL)
    inner = _embedded(address)
    if inner is not None:
        return is_global(inner)
    return (
        address in _UNICAST
        and address.is_global
        and not any(address in network for network in _RESERVED)
    )


def parsed(text: str) -> Address:
    """The address that a socket reports: without its zone, an IPv4-mapped one as IPv4.

    Raises: ValueError.
    """
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def literal(host: str) -> Address | None:
    """The address that `host` spells, in any form a resolver takes; None for a name.

    Besides 127.0.0.1 these are 2130706433, 0177.0.0.1, 0x7f.1 and 127.1, all the same address.
    """
    bare = host.removeprefix("[").removesuffix("]")
    try:
        return parsed(bare)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(bare.rstrip(".")))
    except (OSError, ValueError):  # ValueError: not ASCII, or a null character
        return None


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _6TO4:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return None
