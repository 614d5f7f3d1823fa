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
    """The URL to give to git, and the settings that hold it to the addresses that were checked."""

    url: str
    settings: dict[str, str]


def found(url: str, hosts: AllowedHosts, ask: Ask) -> GitServer:
    """The server of `url`, after git's own `insteadOf`: a mirror that the user has set is his.

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
    if port is None or parts.hostname is None:  # a local mirror
        return GitServer(url, {})
    try:
        if through:
            hosts.check_proxied(parts.hostname, port)
            return GitServer(url, {})
        addresses = hosts.resolve(parts.hostname, port)
    except Refused as error:
        raise Refused(f"{url}: {error}") from error
    except (OSError, UnicodeError) as error:
        raise TransientError(f"{url}: {parts.hostname}: {error}") from error
    return GitServer(url, {"http.curloptResolve": _pin(parts, port, addresses)})


def redirected(url: str, hosts: AllowedHosts, deadline: Deadline) -> str:
    """The URL of the repository that `url` redirects to. Raises: Refused, Missing, Download."""
    to = HttpClient(hosts).redirected(f"{url}{_REFS}", deadline)
    if not to.endswith(_REFS) or urlsplit(to).scheme != "https":
        raise Download(f"{url}: redirects to what is not a git repository over https")
    return to.removesuffix(_REFS)


def _pin(parts: SplitResult, port: int, addresses: list[str]) -> str:
    listed = ",".join(f"[{one}]" if ":" in one else one for one in addresses)
    return f"{parts.hostname}:{port}:{listed}"
