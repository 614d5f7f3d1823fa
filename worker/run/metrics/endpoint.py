"""Serves a registry over HTTP, one request at a time.

Whoever can connect can hold a connection. It then holds this one thread, for others' scrapes fail
rather than that the worker runs out of threads or files; the end of the run does not wait for it.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from socketserver import TCPServer
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, MetricsHandler

from worker.run.metrics.options import Address

CLIENT_S: Final = 5.0
"""Seconds that a client may say nothing."""
LOOK_S: Final = 0.2
"""Seconds between two looks whether the run is over."""

log = structlog.get_logger(__name__)


@contextmanager
def served(registry: CollectorRegistry, address: Address) -> Iterator[str]:
    """Serve `registry` while the context lasts, at the URL that it gets. Raises: OSError."""

    class Handler(MetricsHandler):
        timeout = CLIENT_S

    Handler.registry = registry
    over = threading.Event()
    with _Server(address, Handler) as server:

        def serve() -> None:
            while not over.is_set():
                server.handle_request()

        thread = threading.Thread(target=serve, name="metrics", daemon=True)
        thread.start()
        host = f"[{address.host}]" if ":" in address.host else address.host
        try:
            yield f"http://{host}:{server.server_port}/metrics"
        finally:
            over.set()
            thread.join(2 * LOOK_S)


class _Server(HTTPServer):
    timeout = LOOK_S

    def __init__(self, address: Address, handler: type[MetricsHandler]) -> None:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        self.address_family, _, _, _, where = found[0]
        super().__init__((str(where[0]), address.port), handler)

    def server_bind(self) -> None:
        """As the parent's, which also asks a DNS for this machine's name and may wait for it."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Say what went wrong here; that a client left is its own business."""
        if not isinstance(sys.exception(), OSError):
            log.warning("metrics not served", exc_info=sys.exception())
