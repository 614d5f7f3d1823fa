"""A proxy before an S3 server that does to requests what bad servers and networks do."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Verdict = Literal["pass", "lose answer", "cut off"] | tuple[int, str]
"""Pass it on; pass it on and drop the answer; send half the answer; or answer (status, code)."""
Judge = Callable[[str, dict[str, str]], Verdict]
"""Of a method and its headers, which it may change."""


class Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target: str, judge: Judge) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.judge = judge
        self.seen: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = dict(self.headers.items())
        self.server.seen.append(self.command)
        verdict = self.server.judge(self.command, headers)
        if isinstance(verdict, tuple):
            status, code = verdict
            self._send(status, {}, f"<Error><Code>{code}</Code></Error>".encode())
            return
        connection = HTTPConnection(self.server.target)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if verdict == "lose answer":
            self.close_connection = True
        elif verdict == "cut off":
            self._send(answer.status, dict(answer.headers), content[: len(content) // 2])
            self.close_connection = True
        else:
            self._send(answer.status, dict(answer.headers), content)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _handle  # noqa: N815 - http.server's names

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        headers.setdefault("Content-Length", str(len(content)))
        for name, value in headers.items():
            if name.lower() not in {"connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def proxy(target: str, judge: Judge) -> Iterator[Proxy]:
    with Proxy(target, judge) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
