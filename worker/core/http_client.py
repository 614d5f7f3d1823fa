"""Downloads files over HTTP: objects, lists and indexes. A file is complete or absent."""

from __future__ import annotations

import contextlib
import email.utils
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ResponseError,
    URLSchemeUnknown,
)
from urllib3.util import parse_url

from worker.core.deadline import Deadline
from worker.core.destinations import PORTS, AllowedHosts
from worker.core.errors import Download, Missing, Refused, TooLarge
from worker.core.proxies import proxy_of
from worker.core.transfer import CHUNK, TransientError, retried, save

CONNECT_S = 15.0
READ_S = 30.0
HEADERS_S = 60.0
REDIRECTS = 8
GONE = frozenset({404, 410, 451})
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
OK = 200
MALFORMED = (ValueError, ArithmeticError)
"""What urllib3 and http.client raise, besides their own errors, for malformed responses:
``Location: http://[::1``, a chunk of minus 10^20 bytes."""
HEADERS = {"User-Agent": "render-worker", "Accept-Encoding": "identity"}


class _Named:
    """Shows the server in urllib3's messages."""

    host: str
    port: Any  # int; None for some pools

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class _Watched(_Named, HTTPConnection):
    """A connection to an allowed address, and to no other.

    It limits the time until all headers have arrived, also from a slow server.
    """

    def __init__(self, hosts: AllowedHosts, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._hosts = hosts

    def _new_conn(self) -> socket.socket:
        """Connect to the first allowed address that accepts; TLS and the request come later."""
        if self.proxy is not None:  # the user's own; `_ThroughProxy` checks where it leads
            return super()._new_conn()
        name = self._dns_host
        try:
            addresses = self._hosts.resolve(name, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        for number, address in enumerate(addresses, 1):
            try:
                self._dns_host = address  # what urllib3 connects to
                made = super()._new_conn()
            except (ConnectTimeoutError, NewConnectionError):
                if number == len(addresses):
                    raise
                continue
            finally:
                self._dns_host = name
            try:
                self._hosts.check_connected(name, self.port, made)
            except BaseException:
                made.close()
                raise
            return made
        raise AssertionError("there is an address, or Refused")  # pragma: no cover

    def getresponse(self) -> Any:  # urllib3's own HTTPResponse
        late = threading.Event()

        def hang_up() -> None:
            late.set()
            with contextlib.suppress(OSError, TypeError):
                # Not the TLS socket's own method, which is not thread-safe.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

        timer = threading.Timer(HEADERS_S, hang_up)
        timer.daemon = True
        timer.start()
        aborted = ConnectionAbortedError(f"no response headers within {HEADERS_S:g} s")
        try:
            response = super().getresponse()
        except Exception as error:
            if late.is_set():
                raise aborted from error
            raise
        finally:
            timer.cancel()
        if late.is_set():  # http.client accepts truncated headers
            raise aborted
        return response


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(_Named, HTTPConnectionPool):
    def __init__(self, hosts: AllowedHosts, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.ConnectionCls = partial(_Watched, hosts)  # type: ignore[assignment]  # is called only


class _TlsPool(_Named, HTTPSConnectionPool):
    def __init__(self, hosts: AllowedHosts, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.ConnectionCls = partial(_WatchedTls, hosts)  # type: ignore[assignment]


class _ThroughProxy(urllib3.ProxyManager):
    """Connections through a proxy, which resolves names: a URL is checked before it gets it."""

    def __init__(self, hosts: AllowedHosts, proxy: str, **more: Any) -> None:
        super().__init__(proxy, **more)
        self._hosts = hosts

    def urlopen(  # type: ignore[override]  # as urllib3's own
        self, method: str, url: str, redirect: bool = True, **more: Any
    ) -> urllib3.BaseHTTPResponse:
        """As `ProxyManager`'s, which calls it for each redirect too. Raises: Refused."""
        parts = parse_url(url)
        if parts.host is not None and parts.scheme in PORTS:
            self._hosts.check_proxied(parts.host, parts.port or PORTS[parts.scheme])
        return super().urlopen(method, url, redirect=redirect, **more)


class HttpClient:
    """Pools of connections to any number of servers. Thread-safe.

    Only to global addresses, and those of `hosts`; this holds for redirects too. Proxies come from
    the environment (https_proxy, no_proxy).
    """

    def __init__(self, hosts: AllowedHosts) -> None:
        self._hosts = hosts
        self._lock = threading.Lock()
        self._managers: dict[str | None, urllib3.PoolManager] = {}

    def download(
        self,
        url: str,
        target: Path,
        *,
        max_bytes: int,
        attempts: int,
        deadline: Deadline,
        shown: str | None = None,
        may_be_empty: bool = False,
    ) -> int:
        """Save `url` as `target`, called `shown` in messages. Returns the number of bytes.

        Raises: Missing, Refused, Download, TooLarge, ObjectInterrupted; ConfigurationError, if the
        proxy is invalid; OSError, if `target` cannot be written.
        """
        name = url if shown is None else shown

        def once() -> int:
            size = self._get(url, name, target, max_bytes, deadline)
            if size == 0 and not may_be_empty:  # also the result of truncated headers
                raise TransientError(f"{name}: empty response")
            return size

        return retried(f"download {name}", once, attempts, deadline)

    def redirected(self, url: str, deadline: Deadline) -> str:
        """The URL that `url` redirects to in the end; its body is not read.

        Raises: as `download`, also if there is nothing.
        """
        with self._response(url, url, deadline) as response:
            _check(response, url, 1 << 62)
            found = url
            for step in response.retries.history if response.retries is not None else ():
                found = urljoin(found, step.redirect_location or "")
            return found

    def _get(self, url: str, name: str, target: Path, max_bytes: int, deadline: Deadline) -> int:
        with self._response(url, name, deadline) as response:
            _check(response, name, max_bytes)
            return save(_body(response), target, max_bytes, deadline)

    @contextlib.contextmanager
    def _response(
        self, url: str, name: str, deadline: Deadline
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """The response to a request for `url`, with urllib3's errors as ours."""
        try:
            response = self._open(url, name, deadline)
            try:
                yield response
            finally:
                # Closed, not returned to the pool: the rest of a refused body may still arrive.
                response.close()
        except Refused as error:
            raise Refused(f"{name}: {error}") from error
        except MaxRetryError as error:
            if isinstance(error.reason, ResponseError):
                raise Missing(f"{name}: more than {REDIRECTS} redirects") from error
            raise TransientError(f"{name}: {_said(error.reason)}") from error
        except HTTPError as error:
            raise TransientError(f"{name}: {_said(error)}") from error

    def _open(self, url: str, name: str, deadline: Deadline) -> urllib3.BaseHTTPResponse:
        left = deadline.left()
        try:
            return self._manager(proxy_of(url)).request(
                "GET",
                url,
                preload_content=False,
                redirect=True,
                retries=urllib3.Retry(total=None, connect=0, read=0, status=0, other=0,
                                      redirect=REDIRECTS, raise_on_redirect=True),
                timeout=urllib3.Timeout(connect=min(CONNECT_S, left), read=min(READ_S, left)),
            )  # fmt: skip
        except (URLSchemeUnknown, *MALFORMED) as error:  # urllib3's LocationValueError is one too
            raise Missing(
                f"{name}: not a valid URL, or redirects to an invalid one: {error}"
            ) from error

    def _manager(self, proxy: str | None) -> urllib3.PoolManager:
        """The connections through `proxy`, or direct ones."""
        with self._lock:
            if proxy not in self._managers:
                made = (
                    urllib3.PoolManager(maxsize=32, headers=HEADERS)
                    if proxy is None
                    else _ThroughProxy(self._hosts, proxy, maxsize=32, headers=HEADERS)
                )
                made.pool_classes_by_scheme = {
                    "http": partial(_Pool, self._hosts),  # type: ignore[dict-item]  # called only
                    "https": partial(_TlsPool, self._hosts),  # type: ignore[dict-item]
                }
                self._managers[proxy] = made
            return self._managers[proxy]


def _check(response: urllib3.BaseHTTPResponse, name: str, max_bytes: int) -> None:
    status = response.status
    if status in GONE:
        raise Missing(f"{name}: HTTP {status}")
    if status in TRANSIENT:
        raise TransientError(
            f"{name}: HTTP {status}", _retry_after(response.headers.get("Retry-After"))
        )
    if status != OK:
        raise Download(f"{name}: HTTP {status}")
    declared = response.headers.get("Content-Length", "")
    # A float, since int takes no more than 4300 digits; of so many it says "inf".
    if declared.isdecimal() and float(declared) > max_bytes:
        raise TooLarge(f"{name}: {float(declared):,.15g} bytes; the limit is {max_bytes:,}")


def _body(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    # read1 hands out what has come; read would wait for a full chunk, and a server that drips
    # bytes would hold it past every deadline.
    while chunk := _read(response):
        yield chunk


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    try:
        return response.read1(CHUNK, decode_content=True)
    except MALFORMED as error:
        raise ProtocolError(f"unreadable response body: {error}") from error


def _said(error: Exception | None) -> str:
    if isinstance(error, ProxyError):
        return f"{error.args[0]}: {error.original_error}"
    return str(error)


def _retry_after(value: str | None) -> float:
    """Seconds to wait, from a Retry-After header in seconds or as a date; 0 if it says nothing."""
    if value is None:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        when = email.utils.parsedate_to_datetime(value).timestamp()
    except MALFORMED:
        return 0.0
    return max(0.0, when - time.time())
