"""Objects at http:// and https:// URLs."""

from __future__ import annotations

import threading
from pathlib import Path
from urllib.parse import urlsplit

from worker.core.deadline import Deadline
from worker.core.destinations import AllowedHosts
from worker.core.errors import Missing
from worker.core.http_client import HttpClient
from worker.index.record import ObjectRef
from worker.sources.archive import is_archive, split, unpack_model
from worker.sources.base import FetchedObject, FetchLimits
from worker.sources.names import check_format, url_name

SCHEMES = ("http://", "https://")


class HttpSource:
    """Any web server with a global address, or of `hosts`.

    Proxies come from the environment (https_proxy, no_proxy).
    """

    name = "http"

    def __init__(self, limits: FetchLimits, stop: threading.Event, hosts: AllowedHosts) -> None:
        self._limits = limits
        self._stop = stop
        self._client = HttpClient(hosts)

    def claims(self, ref: ObjectRef) -> bool:
        """By the scheme."""
        return ref.location.lower().startswith(SCHEMES)

    def fetch(self, ref: ObjectRef, into: Path) -> FetchedObject:
        """Download the URL into `into`; a zip or tar is unpacked there.

        Raises: Missing, Refused, Download, TooLarge, Unsupported, ImportFailed;
        ConfigurationError for an invalid proxy.
        """
        url, member = split(ref.location)
        try:
            urlsplit(url)
        except ValueError as error:
            raise Missing(f"{url}: {error}") from error
        name = url_name(url)
        target = into / name
        deadline = Deadline(self._limits.timeout_s, self._stop)
        size = self._client.download(
            url,
            target,
            max_bytes=self._limits.max_bytes,
            attempts=self._limits.attempts,
            deadline=deadline,
        )
        if member is not None or is_archive(target, name):
            unpacked = unpack_model(ref, target, name, member, into, self._limits, deadline)
            target.unlink()
            return unpacked
        model = target.rename(into / check_format(ref, name)).name
        return FetchedObject(ref=ref, root=into, model=model, sha256="", size=size)
