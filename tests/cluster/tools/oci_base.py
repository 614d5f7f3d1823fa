"""The Dockerfile's base image: pulled, or on a closed network a stand-in made from Debian.

The stand-in has Debian's own Python 3.11 and carries this machine's certificates, so that the
unchanged Dockerfile reaches the machine's mirrors. For tests only: it must never be pushed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path

from tests.cluster.tools.podman import Podman, Unavailable, require
from tests.patience import HANG_S

BASE = "python:3.11-slim-bookworm"
STAND_IN = f"localhost/{BASE}"
"""A local image that podman finds before any registry's."""

CUSTOMISE = """#!/bin/sh
set -e
cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
rm -f "$1/usr/lib/python3.11/EXTERNALLY-MANAGED"
printf '[global]\\ncert = /etc/ssl/certs/ca-certificates.crt\\n' > "$1/etc/pip.conf"
ln -sf /usr/bin/python3 "$1/usr/local/bin/python3"
ln -sf /usr/bin/python3 "$1/usr/local/bin/python"
printf 'Acquire::Check-Valid-Until "false";\\nAcquire::Check-Date "false";\\n' \\
    > "$1/etc/apt/apt.conf.d/99nodate"
"""

OPTIONS = (
    "--quiet", "--skip=output/dev", "--variant=minbase",
    "--dpkgopt=force-unsafe-io", '--aptopt=APT::Install-Recommends "false"',
    "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--include=ca-certificates,python3,python3-pip,python3-venv",
)  # fmt: skip


def ensure(podman: Podman) -> str:
    """The base image that builds will use, in words. Raises: Unavailable."""
    if podman.exists(STAND_IN):
        return f"a stand-in for {BASE}"
    if podman.exists(BASE):
        return BASE
    with contextlib.suppress(subprocess.TimeoutExpired):
        if podman("pull", "--quiet", BASE, check=None, timeout=HANG_S).returncode == 0:
            return BASE
    _make(podman)
    return f"a stand-in for {BASE}"


def _make(podman: Podman) -> None:
    require("mmdebstrap", packages=("mmdebstrap",))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        hook, archive = Path(folder) / "customise", Path(folder) / "base.tar"
        hook.write_text(CUSTOMISE)
        hook.chmod(0o755)
        Path(folder).chmod(0o755)
        options = (*OPTIONS, f"--customize-hook={hook}")
        try:
            made = subprocess.run(
                ["mmdebstrap", *options, "bookworm", archive, mirror()], stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=4 * HANG_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"mmdebstrap has not ended after {error.timeout:.0f} s") from error
        if made.returncode != 0:
            raise Unavailable(f"mmdebstrap failed: {made.stderr.strip()[-400:]}")
        podman("import", "--quiet", "--change", "CMD=python3", archive, STAND_IN)


def mirror() -> str:
    """The Debian mirror this machine already uses. Raises: Unavailable."""
    found = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Codename: bookworm"],
        env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    if not found:
        raise Unavailable("apt on this machine knows no Debian bookworm mirror")
    return found[0]
