"""A registry of images on loopback, for what is built from one."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.tools.podman import Unavailable, require
from tests.patience import HANG_S

SETTINGS = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/images}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextlib.contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Its address, HOST:PORT, over plain http; its images lie in `folder`. Raises: Unavailable."""
    require("docker-registry", packages=("docker-registry",))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = folder / "registry.yml"
    settings.write_text(SETTINGS.format(folder=folder, port=port))
    with (folder / "registry.log").open("wb") as log:
        server = subprocess.Popen(
            ["docker-registry", "serve", str(settings)], stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + HANG_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if server.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"docker-registry: {(folder / 'registry.log').read_text()}")
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=HANG_S)
