"""The server that git will fetch from: where it is, and whether a list may lead there.

git is a program of its own, whose sockets cannot be checked. So its server's name is resolved and
checked here, git connects to the addresses found (curl's CURLOPT_RESOLVE, from git 2.37 on) and
follows no redirect; one, such as that of a renamed repository, is followed here first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from worker.core.deadline import Deadline
from worker.core.destinations import PORTS, AllowedHosts
from worker.core.errors import Download, Missing, Refused
from worker.core.http_client import HttpClient
from worker.core.proxies import proxy_of
from worker.core.transfer import TransientError

_REFS: Final = "/info/refs?service=git-upload-pack"

Ask = Callable[..., str]
"""Runs git with arguments that need no network; its output, "" if it fails."""


class GitServer(msgspec.Struct, frozen=True):
    """A server whose address may be connected to."""

    url: str
    """The URL to give to git."""
    real: str
    """The URL that git makes of it, by the user's own `insteadOf`."""
    hosts: AllowedHosts
    settings: dict[str, str] = {}
    """git's settings that hold it to the addresses that were checked."""


def found(url: str, hosts: AllowedHosts, ask: Ask) -> GitServer:
    """The server of `url`. A mirror that the user has set (`insteadOf`) is the user's own.

    Raises: Refused, if its address is not global; TransientError, if it has none; Missing.
    """
    real = ask("ls-remote", "--get-url", url) or url
    if real != url:
        hosts = hosts.with_host_of(real)
    try:
        parts = urlsplit(real)
        port = parts.port or PORTS.get(parts.scheme)
        through = proxy_of(real) or ask("config", "--get-urlmatch", "http.proxy", real)
    except ValueError as error:
        raise Missing(f"{url}: {error}") from error
    server = GitServer(url, real, hosts)
    if port is None or parts.hostname is None:  # a local mirror
        return server
    try:
        if through:
            hosts.check_proxied(parts.hostname, port)
            return server
        addresses = hosts.resolve(parts.hostname, port)
    except Refused as error:
        raise Refused(f"{url}: {error}") from error
    except (OSError, UnicodeError) as error:
        raise TransientError(f"{url}: {parts.hostname}: {error}") from error
    pinned = {"http.curloptResolve": _pin(parts, port, addresses)}
    return msgspec.structs.replace(server, settings=pinned)


def redirected(server: GitServer, deadline: Deadline) -> str:
    """The URL that the repository has moved to. Raises: Refused, Missing, Download."""
    to = HttpClient(server.hosts).redirected(f"{server.real}{_REFS}", deadline)
    if not to.endswith(_REFS) or urlsplit(to).scheme != "https":
        raise Download(f"{server.url}: redirects to what is not a git repository over https")
    return to.removesuffix(_REFS)


def _pin(parts: SplitResult, port: int, addresses: list[str]) -> str:
    listed = ",".join(f"[{one}]" if ":" in one else one for one in addresses)
    return f"{parts.hostname}:{port}:{listed}"
