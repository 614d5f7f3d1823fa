"""A registry of images on loopback, for what is built from one."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.tools.podman import Unavailable, require
from tests.patience import HANG_S, until
from tests.tools import ports

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
    (port,) = ports.free(1)
    settings = folder / "registry.yml"
    settings.write_text(SETTINGS.format(folder=folder, port=port))
    with (folder / "registry.log").open("wb") as log:
        server = subprocess.Popen(
            ["docker-registry", "serve", str(settings)], stdout=log, stderr=log
        )
    try:
        until(
            lambda: ports.answers(port),
            lambda: f"docker-registry: {(folder / 'registry.log').read_text()}",
            while_runs=server, every_s=0.1, raises=Unavailable,
        )  # fmt: skip
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=HANG_S)
