"""A Docker for the tests: a daemon of their own on a socket, its storage in a folder."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.tools.podman import Unavailable, cache, require
from tests.patience import HANG_S, until

PACKAGES = ("docker.io",)


class Docker:
    """A client of the daemon at `socket`."""

    def __init__(self, socket: Path) -> None:
        # The builder that every Docker has: BuildKit's frontend is an extra of newer ones.
        self._environment = {
            **os.environ, "DOCKER_HOST": f"unix://{socket}", "DOCKER_BUILDKIT": "0",
        }  # fmt: skip

    def __call__(
        self, *arguments: object, check: int | None = 0, timeout: float = 900
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker ARGUMENTS` to its end; its status must be `check`, unless that is None."""
        done = subprocess.run(
            ["docker", *map(str, arguments)], env=self._environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", timeout=timeout, check=False,
        )  # fmt: skip
        if check is not None:
            assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


@contextlib.contextmanager
def running() -> Iterator[Docker]:
    """A daemon for as long as the context lasts. Raises: Unavailable."""
    require("dockerd", "docker", packages=PACKAGES)
    if os.geteuid() != 0:
        raise Unavailable("dockerd is started here as root only")
    data = cache() / "docker"
    data.mkdir(parents=True, exist_ok=True)
    # A socket's path is short.
    with tempfile.TemporaryDirectory(prefix="rw-docker-") as folder:
        here = Path(folder)
        with (here / "log").open("wb") as log:
            daemon = subprocess.Popen(
                ["dockerd", "--host", f"unix://{here}/socket", "--data-root", data,
                 "--exec-root", here / "exec", "--pidfile", here / "pid", "--bridge", "none",
                 "--iptables=false", "--exec-opt", "native.cgroupdriver=cgroupfs"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            docker = Docker(here / "socket")
            until(
                lambda: docker("version", check=None).returncode == 0,
                lambda: f"dockerd: {(here / 'log').read_text(errors='replace')[-500:]}",
                while_runs=daemon, every_s=0.1, raises=Unavailable,
            )  # fmt: skip
            yield docker
        finally:
            daemon.terminate()
            daemon.wait(HANG_S)
            # It leaves a network namespace mounted.
            subprocess.run(
                ["umount", here / "exec/netns/default"], check=False, capture_output=True
            )
