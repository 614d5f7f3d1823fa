"""Podman for the tests: storage and locks of its own, and settings for a root without systemd."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

PACKAGES = ("podman", "runc", "mmdebstrap")

CONTAINERS = """
[containers]
default_ulimits = ["nofile=16384:16384", "nproc=16384:16384"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
tmp_dir = "{folder}/run/libpod"
lock_type = "file"
"""

STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/root"
runroot = "{folder}/run"
"""


class Unavailable(Exception):
    """A program these tests need is not on this machine; the message names it."""


def cache() -> Path:
    """Where the tests keep what is slow to make."""
    default = Path.home() / ".cache" / "render-worker-tests"
    return Path(os.environ.get("WORKER_TEST_CACHE", default))


def require(*programs: str, packages: tuple[str, ...]) -> None:
    """Raises: Unavailable, naming what is missing and the command that installs it."""
    if absent := [program for program in programs if shutil.which(program) is None]:
        raise Unavailable(
            f"{', '.join(absent)} not found: apt-get install -y --no-install-recommends "
            f"{' '.join(packages)}"
        )


class Podman:
    """A podman whose images and containers lie in a folder of the tests' own."""

    def __init__(self, folder: Path | None = None) -> None:
        require("podman", "runc", packages=PACKAGES)
        if os.geteuid() != 0:
            raise Unavailable("podman is run as root here: it needs overlay mounts")
        folder = folder or cache() / "podman"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "containers.conf").write_text(CONTAINERS.format(folder=folder))
        (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
        self.environment: Mapping[str, str] = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "BUILDAH_RUNTIME": "runc",
            "BUILDAH_ISOLATION": "oci",
        }

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start `podman ARGUMENTS`, output and errors on pipes."""
        return subprocess.Popen(
            ["podman", *map(str, arguments)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )

    def __call__(
        self, *arguments: object, check: int | None = 0, timeout: float = 900
    ) -> subprocess.CompletedProcess[str]:
        """Run `podman ARGUMENTS` to its end; its status must be `check`, unless that is None."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        if check is not None:
            assert process.returncode == check, f"exit {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def exists(self, image: str) -> bool:
        """Whether `image` is in the storage."""
        return self("image", "exists", image, check=None).returncode == 0
