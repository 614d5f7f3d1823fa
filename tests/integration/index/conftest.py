"""Real servers on loopback: HTTP that can misbehave, and moto's S3."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest

from tests.tools.moto import s3_server
from worker.core.s3 import S3Options


class Site:
    """What an HTTP server answers: a body per path, or a function that makes an answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.files: dict[str, bytes | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []


@pytest.fixture
def site() -> Iterator[Site]:
    """A server of its own for each test."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            found = site.files.get(self.path.split("?")[0])
            if callable(found):
                found(self)
                return
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def s3(moto_url, monkeypatch) -> S3Options:
    """Options for an S3 server with an empty bucket "lists"."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in (("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b")):
        monkeypatch.setenv(f"AWS_{name}", value)
    options = S3Options(endpoint_url=moto_url, region="us-east-1", addressing_style="path")
    bucket = boto3.resource("s3", endpoint_url=moto_url, region_name="us-east-1").Bucket("lists")
    bucket.create()
    bucket.objects.delete()
    return options


@pytest.fixture
def bucket(s3):
    """The bucket "lists"."""
    return boto3.resource("s3", endpoint_url=s3.endpoint_url, region_name=s3.region).Bucket("lists")
