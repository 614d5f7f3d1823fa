"""Holds every connection of this process, and of those it forks, to the hosts of a list.

For a process that runs somebody else's code, such as the `objaverse` package: Python's own audit
events come before each connection and each request, whichever library makes it.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from worker.core.addresses import literal
from worker.core.destinations import PORTS, AllowedHosts
from worker.core.errors import Refused

_INTERNET: Final = (socket.AF_INET, socket.AF_INET6)


def guard(hosts: AllowedHosts, proxies: Mapping[str, str]) -> None:
    """From now on, raise Refused for a connection or request to a host that is not in `hosts`.

    `proxies` are the user's own, so connections to them are allowed; what is asked of them is
    checked. Names in `hosts` are resolved now. There is no way back.
    """
    checks = _Checks(hosts, proxies)
    table: dict[str, Callable[..., None]] = {
        "socket.connect": checks.connect,
        "socket.sendto": checks.connect,
        "socket.sendmsg": checks.connect,
        "http.client.connect": checks.tunnel,
        "http.client.send": checks.send,
    }

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in table:
            table[event](*arguments)

    sys.addaudithook(hook)


class _Checks:
    """What is checked at each event. Each raises: Refused."""

    def __init__(self, hosts: AllowedHosts, proxies: Mapping[str, str]) -> None:
        self._hosts = hosts
        self._known = {at for name, port in hosts.names() for at in _resolved(name, port)}
        for url in proxies.values():
            parts = urlsplit(url if "://" in url else f"http://{url}")
            self._known |= _resolved(parts.hostname or "", parts.port or PORTS.get(parts.scheme))

    def connect(self, connection: Any, address: Any) -> None:
        """The address that a socket is about to connect or send to."""
        if connection.family not in _INTERNET or address is None:
            return
        host, port = str(address[0]), int(address[1])
        if not {(host, port), (host, None)} & self._known:
            if literal(host) is None:  # the socket would resolve it after this check
                raise Refused(f"{host}: not resolved before it is connected to")
            self._hosts.resolve(host, port)

    def tunnel(self, connection: Any, _host: Any, _port: Any) -> None:
        """The host that a proxy is about to be asked to connect to."""
        host = getattr(connection, "_tunnel_host", None)
        if host:
            port = getattr(connection, "_tunnel_port", None) or PORTS["https"]
            self._hosts.check_proxied(str(host), int(port))

    def send(self, _connection: Any, data: Any) -> None:
        """The URL that a proxy is about to be asked for, in a request's first line."""
        if not isinstance(data, bytes):
            return
        words = data.partition(b"\r\n")[0].split(b" ")
        if len(words) == 3 and words[1].startswith(b"http://"):  # noqa: PLR2004 - "GET url HTTP/1.1"
            parts = urlsplit(words[1].decode("latin-1"))
            self._hosts.check_proxied(parts.hostname or "", parts.port or PORTS["http"])


def _resolved(name: str, port: int | None) -> set[tuple[str, int | None]]:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return set()
    return {(str(each[4][0]), port) for each in found}
