"""Repositories over HTTP, by git's own server program, at a mirror that stands for github.com."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from tests.integration.sources.servers import Web


class GitWeb(Web):
    """A web server whose routes come first; any other path is `git http-backend`'s."""

    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder
        handler = self.server.RequestHandlerClass
        answer = handler.do_GET

        def do_get(request):
            if request.path in self.routes:
                answer(request)
            else:
                self.asked.append(request.path)
                self._backend(request)

        handler.do_GET = handler.do_POST = do_get

    def _backend(self, request):
        parts = urlsplit(request.path)
        length = int(request.headers.get("Content-Length") or 0)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "-c", "uploadpack.allowAnySHA1InWant=true",
             "http-backend"],
            input=request.rfile.read(length), capture_output=True, check=True,
            env=kept | {
                "GIT_PROJECT_ROOT": str(self._folder), "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": request.command, "PATH_INFO": parts.path,
                "QUERY_STRING": parts.query, "REMOTE_ADDR": "127.0.0.1",
                "CONTENT_TYPE": request.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            },
        )  # fmt: skip
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
        request.close_connection = True
        request.send_response(status)
        for name, value in fields:
            if name != "Status":
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
