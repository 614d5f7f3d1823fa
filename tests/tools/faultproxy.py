"""A proxy before an S3 server that does to requests what bad servers and networks do.

It speaks plain HTTP and passes headers and paths on unchanged, so that signatures stay valid.
What to do with a request is a judge's verdict; every request and every stored body is recorded.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """What a judge sees. `headers` may be changed before they are passed on."""

    method: str
    path: str
    """Without the query, decoded: /bucket/key."""
    headers: dict[str, str]


Verdict = (
    Literal["pass", "lose answer", "cut off", "reset", "corrupt body", "corrupt answer"]
    | tuple[int, str]
    | float
)
"""Pass it on; pass it on and drop the answer; send half the answer; take half the body and reset
the connection; flip a bit of the body; flip a bit of the answer's body; answer (status, code);
wait so many seconds and pass it on."""

Judge = Callable[[Request], Verdict]


def pass_all(_: Request) -> Verdict:
    return "pass"


def first_times(verdict: Verdict, times: int = 1, *, method: str = "PUT", part: str = "") -> Judge:
    """`verdict` on the first `times` requests of `method` for each path that holds `part`."""
    lock, seen = threading.Lock(), Counter[str]()

    def judge(request: Request) -> Verdict:
        if request.method != method or part not in request.path:
            return "pass"
        with lock:
            seen[request.path] += 1
            return verdict if seen[request.path] <= times else "pass"

    return judge


@dataclass
class Record:
    """What passed: methods in order, and the digests of the bodies that each path has held."""

    seen: list[str] = field(default_factory=list)
    bodies: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    judged: Counter[str] = field(default_factory=Counter)
    """How often a verdict other than "pass" fell."""


class Proxy(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, target: str, judge: Judge) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.judge = judge
        self.record = Record()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def seen(self) -> list[str]:
        return self.record.seen

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news: workers are killed here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _handle(self) -> None:
        headers = dict(self.headers.items())
        request = Request(self.command, unquote(urlsplit(self.path).path), headers)
        verdict = self.server.judge(request)
        self.server.record.seen.append(self.command)
        if verdict != "pass":
            self.server.record.judged[str(verdict)] += 1
        length = int(self.headers.get("Content-Length", 0))
        if verdict == "reset":
            self.rfile.read(length // 2)
            self._reset()
            return
        body = self.rfile.read(length)
        if len(body) < length:  # the client died in the middle of it
            self.close_connection = True
            return
        if isinstance(verdict, tuple):
            status, code = verdict
            self._send(status, {}, f"<Error><Code>{code}</Code></Error>".encode())
            return
        if isinstance(verdict, float):
            time.sleep(verdict)
        if verdict == "corrupt body":
            body = _flipped(body)
        status, answered, content = self._pass_on(request, body)
        if verdict == "lose answer":
            self.close_connection = True
        elif verdict == "cut off":
            self._send(status, answered, content[: len(content) // 2])
            self.close_connection = True
        else:
            spoilt = verdict == "corrupt answer" and content
            self._send(status, answered, _flipped(content) if spoilt else content)

    def _pass_on(self, request: Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(self.server.target)
        try:
            connection.request(self.command, self.path, body, request.headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if self.command == "PUT" and answer.status == 200:
            self.server.record.bodies[request.path].add(hashlib.sha256(body).hexdigest())
        return answer.status, dict(answer.headers), content

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

    def _reset(self) -> None:
        """Close without a goodbye: the client sees a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def _flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :] if body else body


@contextlib.contextmanager
def proxy(target: str, judge: Judge = pass_all) -> Iterator[Proxy]:
    with Proxy(target, judge) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
