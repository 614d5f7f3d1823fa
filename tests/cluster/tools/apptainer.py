"""Apptainer for the tests: the machine's, or Debian sid's unpacked into a folder of the tests' own.

The unpacked one brings its own C library, so that the machine's stays as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.cluster.tools.oci_base import mirror
from tests.cluster.tools.podman import Unavailable, require
from tests.patience import HANG_S

PACKAGES = ("patchelf", "squashfs-tools", "squashfuse", "fuse-overlayfs", "uidmap")
FROM_SID, FROM_TRIXIE = ("apptainer",), ("libc6", "libseccomp2", "libsqlite3-0")
FOLDER = Path(os.environ.get("WORKER_TEST_CACHE", "/var/tmp/render-worker-tests")) / "apptainer"
"""Not in root's home, where the rest of the cache is: ordinary users run it."""
LIBRARIES = "rt/usr/lib/x86_64-linux-gnu"


def environment() -> Mapping[str, str]:
    """This environment with `apptainer` on its PATH. Raises: Unavailable."""
    if shutil.which("apptainer"):
        return dict(os.environ)
    require("patchelf", "mksquashfs", "squashfuse", packages=PACKAGES)
    folder = FOLDER
    if not (folder / "usr/bin/apptainer").exists():
        _unpack(folder)
    return {**os.environ, "PATH": f"{folder}/usr/bin:{os.environ['PATH']}"}


def _unpack(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        for suite, packages, place in (
            ("sid", FROM_SID, partial),
            ("trixie", FROM_TRIXIE, partial / "rt"),
        ):
            for package in _download(Path(scratch) / suite, suite, packages):
                _run("dpkg-deb", "-x", package, place)
    for name in ("usr/share/doc", "usr/share/man", "rt/usr/share"):
        shutil.rmtree(partial / name, ignore_errors=True)
    for program in ("usr/bin/apptainer", "usr/lib/x86_64-linux-gnu/apptainer/bin/starter"):
        _run(
            "patchelf", "--set-interpreter", folder / LIBRARIES / "ld-linux-x86-64.so.2",
            "--force-rpath", "--set-rpath", folder / LIBRARIES, partial / program,
        )  # fmt: skip
    # A relocated Apptainer looks for its settings beside its programs.
    for link, target in (
        ("usr/etc", "../etc"), ("usr/var", "../var"),
        ("usr/lib/etc", "../../etc"), ("usr/lib/var", "../../var"),
    ):  # fmt: skip
        (partial / link).symlink_to(target)
    partial.rename(folder)


def _download(folder: Path, suite: str, packages: tuple[str, ...]) -> list[Path]:
    """Packages of another suite, with an apt state of its own: the machine's is untouched."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (folder / "sources.list").write_text(f"deb [signed-by={keys}] {mirror()} {suite} main\n")
    settings = (
        "Acquire::Check-Valid-Until=false", f"Dir::Etc::sourcelist={folder}/sources.list",
        "Dir::Etc::sourceparts=/dev/null", "Dir::Etc::preferencesparts=/dev/null",
        f"Dir::State::lists={folder}/lists", f"Dir::Cache={folder}/cache",
        "Dir::State::status=/dev/null", "APT::Sandbox::User=root",
    )  # fmt: skip
    options = [part for setting in settings for part in ("-o", setting)]
    _run("apt-get", "-qq", *options, "update")
    _run("apt-get", "-qq", *options, "download", *packages, cwd=folder)
    return list(folder.glob("*.deb"))


def _run(*command: object, cwd: Path | None = None) -> None:
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=2 * HANG_S,
        check=False,
    )
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-300:]}")
