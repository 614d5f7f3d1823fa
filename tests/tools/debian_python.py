"""A Python that this machine has not: of a newer Debian, unpacked beside the system.

It starts with the loader and libraries that it was built with, from where they are unpacked, so it
needs no chroot and what it starts is the system's. Nothing of it is installed, and no package's
script runs.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from pathlib import Path

from tests.cluster.tools.oci_base import mirror
from tests.cluster.tools.podman import Unavailable, cache, require
from tests.patience import HANG_S

SUITES = {"3.13": "trixie"}
LIBRARIES = "usr/lib/x86_64-linux-gnu"
WHEELS = "usr/share/python-wheels/"
"""Where Debian's ensurepip finds pip, below the root; and so below ours."""


def ensure(version: str) -> str:
    """The program, made if need be, with venv and ensurepip. Raises: Unavailable."""
    if version not in SUITES:
        raise Unavailable(f"no Debian has Python {version}")
    root = cache() / f"python-{version}"
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / f".python-{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            _make(version, root)
    return str(root / f"usr/bin/python{version}")


def _make(version: str, root: Path) -> None:
    """Made beside its place and moved there, so that it is there whole or not."""
    require("mmdebstrap", "patchelf", packages=("mmdebstrap", "patchelf"))
    partial = root.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    _run(
        "mmdebstrap", "--quiet", "--variant=extract", f"--include=python{version}-venv",
        SUITES[version], partial, mirror(),
    )  # fmt: skip
    _run(
        "patchelf", "--set-interpreter", root / LIBRARIES / "ld-linux-x86-64.so.2",
        "--force-rpath", "--set-rpath", root / LIBRARIES, partial / f"usr/bin/python{version}",
    )  # fmt: skip
    for settings in partial.glob(f"usr/lib/python{version}/_sysconfigdata_*.py"):
        moved = re.sub(
            f"(?<='WHEEL_PKG_DIR': ')/{WHEELS}", f"{root}/{WHEELS}", settings.read_text()
        )
        settings.write_text(moved)
    partial.rename(root)


def _run(*command: object) -> None:
    done = subprocess.run(
        list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=4 * HANG_S, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} failed: {done.stderr.strip()[-400:]}")
