"""The Dockerfile's base images: pulled, or on a closed network stand-ins made from Debian.

A stand-in has Debian's own Python, without bytecode as in the published images, and carries this
machine's certificates, so that the unchanged Dockerfile reaches the machine's mirrors. For tests
only: it must never be pushed.
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
NEWER = "python:3.13-slim-trixie"
"""What the Dockerfile takes for bpy 5.2, by its build argument."""

CUSTOMISE = """#!/bin/sh
set -e
cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
rm -f "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED
find "$1"/usr/lib/python3* -name '*.pyc' -delete
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


def stand_in(base: str) -> str:
    """The name of a local image that podman finds before any registry's."""
    return f"localhost/{base}"


def local(podman: Podman, base: str) -> str:
    """The name of the image that a build on `base` uses, after `ensure`."""
    return stand_in(base) if podman.exists(stand_in(base)) else base


def ensure(podman: Podman, base: str = BASE) -> str:
    """The base image that builds will use, in words. Raises: Unavailable."""
    if podman.exists(stand_in(base)):
        return f"a stand-in for {base}"
    if podman.exists(base):
        return base
    with contextlib.suppress(subprocess.TimeoutExpired):
        if podman("pull", "--quiet", base, check=None, timeout=HANG_S).returncode == 0:
            return base
    _make(podman, base)
    return f"a stand-in for {base}"


def _make(podman: Podman, base: str) -> None:
    require("mmdebstrap", packages=("mmdebstrap",))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        hook, archive = Path(folder) / "customise", Path(folder) / "base.tar"
        hook.write_text(CUSTOMISE)
        hook.chmod(0o755)
        Path(folder).chmod(0o755)
        options = (*OPTIONS, f"--customize-hook={hook}")
        suite = base.rpartition("-")[2]
        try:
            made = subprocess.run(
                ["mmdebstrap", *options, suite, archive, mirror()], stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=4 * HANG_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"mmdebstrap has not ended after {error.timeout:.0f} s") from error
        if made.returncode != 0:
            raise Unavailable(f"mmdebstrap failed: {made.stderr.strip()[-400:]}")
        podman("import", "--quiet", "--change", "CMD=python3", archive, stand_in(base))


def mirror() -> str:
    """The Debian mirror this machine already uses. Raises: Unavailable."""
    found = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Codename: bookworm"],
        env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    if not found:
        raise Unavailable("apt on this machine knows no Debian bookworm mirror")
    return found[0]
