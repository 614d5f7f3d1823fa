"""Where a list may lead: servers with global addresses, and those that the user allows.

A name is resolved once. The addresses found are checked, and only these are connected to, so that
another answer of DNS changes nothing; the address of the connected socket is checked again.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final
from urllib.parse import urlsplit

import msgspec

from worker.core.addresses import Address, is_global, literal, parsed
from worker.core.errors import Refused, UsageError

PORTS: Final = {"http": 80, "https": 443}
_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_-]+)*")
_PORT: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(:(?P<port>\d{1,5}))?")
_LOCALHOST: Final = re.compile(r"(.*\.)?localhost")


class _Entry(msgspec.Struct, frozen=True):
    """A host name or a network, on one port or on any."""

    name: str
    network: IPv4Network | IPv6Network | None
    port: int | None

    def has(self, host: str, port: int, address: Address | None) -> bool:
        if self.port not in {None, port}:
            return False
        if self.network is None:
            return self.name == host
        return address is not None and address in self.network


class AllowedHosts(msgspec.Struct, frozen=True):
    """The hosts that a list may name although their addresses are not global.

    Each entry is a name, an address or a network, with or without a port: "models.lan",
    "10.0.0.5:8080", "[fd00::5]", "10.0.0.0/8".
    """

    entries: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: tuple[str, ...]) -> AllowedHosts:
        """From an option's values, each of which may be several, separated by commas.

        Raises: UsageError.
        """
        entries = tuple(part.strip() for text in texts for part in text.split(",") if part.strip())
        for entry in entries:
            _entry(entry)
        return cls(entries)

    def with_host_of(self, url: str) -> AllowedHosts:
        """Allow also the host and port of `url`, if it is a valid one over HTTP."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or PORTS.get(parts.scheme.lower())
        except ValueError:
            return self
        if not host or port is None:
            return self
        entry = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            _entry(entry)
        except UsageError:
            return self
        return self if entry in self.entries else AllowedHosts((*self.entries, entry))

    def names(self) -> list[tuple[str, int | None]]:
        """The entries that are names, each with its port."""
        found = map(_entry, self.entries)
        return [(entry.name, entry.port) for entry in found if entry.network is None]

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of `host` that may be connected to, in the resolver's order.

        Raises: Refused, if it has none; socket.gaierror, if it has no address; UnicodeError.
        """
        found = _resolved(host, port)
        allowed = [text for text in found if self._permits(host, port, parsed(text))]
        if not allowed:
            raise _refused(host, found[0])
        return allowed

    def check_connected(self, host: str, port: int, connection: socket.socket) -> None:
        """Check the address that `connection`, made for `host`, has reached. Raises: Refused."""
        address = str(connection.getpeername()[0])
        if not self._permits(host, port, parsed(address)):
            raise _refused(host, address)

    def check_proxied(self, host: str, port: int) -> None:
        """Check a host that a proxy will resolve and connect to.

        Refuses an address that is not global, the name localhost, and a name that this machine
        resolves to such an address. Any other name is left to the proxy. Raises: Refused.
        """
        address = literal(host)
        for text in (str(address),) if address is not None else _seen_from_here(_plain(host)):
            if not self._permits(host, port, parsed(text)):
                raise _refused(host, text)

    def _permits(self, host: str, port: int, address: Address) -> bool:
        if is_global(address):
            return True
        name = _plain(host)
        return any(_entry(entry).has(name, port, address) for entry in self.entries)


def _refused(host: str, address: str) -> Refused:
    what = host if host == address else f"{host} leads to {address}, which"
    return Refused(
        f"{what} is not a global address; if a list may lead there, use --allow-hosts {host}"
    )


def _plain(host: str) -> str:
    return host.lower().rstrip(".").removeprefix("[").removesuffix("]")


def _resolved(host: str, port: int) -> list[str]:
    """The addresses of `host`, each once. Raises: socket.gaierror, UnicodeError."""
    bare = host.removeprefix("[").removesuffix("]")
    found = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@lru_cache(maxsize=4096)
def _seen_from_here(name: str) -> tuple[str, ...]:
    """The addresses of `name` on this machine; none if only a proxy can resolve it.

    Kept, because a machine behind a proxy may wait long for an answer that it does not get.
    """
    try:
        return tuple(_resolved(name, 0))
    except (OSError, UnicodeError):
        return ("127.0.0.1",) if _LOCALHOST.fullmatch(name) else ()


@lru_cache(maxsize=1024)
def _entry(text: str) -> _Entry:
    """Parse one entry. Raises: UsageError."""
    plain = text.lower()
    network = _network(plain)
    if network is not None:
        return _Entry("", network, None)
    found = _PORT.fullmatch(plain)
    if found is None or int(found["port"] or 0) > 0xFFFF:  # noqa: PLR2004 - the highest port
        raise _no_entry(text)
    host, port = _plain(found["host"]), int(found["port"]) if found["port"] else None
    network = _network(host)
    if network is None and not _NAME.fullmatch(host):
        raise _no_entry(text)
    return _Entry("" if network else host, network, port)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text if "/" in text else str(parsed(text)), strict=False)
    except ValueError:
        return None


def _no_entry(text: str) -> UsageError:
    return UsageError(
        f"--allow-hosts: {text!r} is not a host name, an address or a network, with or without "
        "a port: models.lan, 10.0.0.5:8080, [fd00::5]:80, 10.0.0.0/8"
    )
