"""A real Blender 3.x archive where download.blender.org is out of reach: Debian's, relocated.

Laid out as the published one is, blender-<version>-linux-x64/blender and its libraries, Python and
scripts beside it. It renders. It is not Blender 3.2.2: no OpenImageDenoise, no GPU kernels.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from tests.cluster.tools.podman import Unavailable, cache, require
from tests.patience import HANG_S

PACKAGES = ("blender", "python3-numpy", "xz-utils")
SYSTEM = re.compile(r"/(libc|libm|libdl|libpthread|librt|ld-linux[^/]*)\.so")
"""The C library stays the container's."""

START = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="$here/lib" BLENDER_SYSTEM_SCRIPTS="$here/share/scripts"
export BLENDER_SYSTEM_DATAFILES="$here/share/datafiles" BLENDER_SYSTEM_PYTHON="$here/python"
exec "$here/blender.bin" "$@"
"""


def archive() -> tuple[Path, str, str]:
    """The archive, its Blender version and its sha256; made once. Raises: Unavailable."""
    require("blender", "xz", packages=PACKAGES)
    program = Path(shutil.which("blender") or "")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = said.stdout.split()[1]
    if program != Path("/usr/bin/blender") or not Path("/usr/share/blender/scripts").is_dir():
        raise Unavailable(f"{program} is not Debian's blender: apt-get install blender")
    name = f"blender-{version}-linux-x64"
    made = cache() / f"{name}.tar.xz"
    if not made.exists():
        _make(program, name, made)
    return made, version, hashlib.sha256(made.read_bytes()).hexdigest()


def _make(program: Path, name: str, made: Path) -> None:
    made.parent.mkdir(parents=True, exist_ok=True)
    folder = made.parent / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lib").mkdir(parents=True)
    shutil.copy(program, folder / "blender.bin")
    (folder / "blender").write_text(START)
    (folder / "blender").chmod(0o755)
    for library in _libraries(program):
        shutil.copy(library, folder / "lib")
    leave_out = shutil.ignore_patterns("__pycache__", "dist-packages", "test", "tests")
    shutil.copytree("/usr/share/blender", folder / "share", ignore=leave_out)
    python = folder / "python/lib/python3.11"
    shutil.copytree("/usr/lib/python3.11", python, ignore=leave_out)
    numpy = Path("/usr/lib/python3/dist-packages/numpy")
    shutil.copytree(numpy, python / "dist-packages/numpy", ignore=leave_out)
    partial = made.with_suffix(".partial")
    subprocess.run(
        ["tar", "-C", made.parent, "-I", "xz -0 -T0", "-cf", partial, name],
        check=True,
        timeout=4 * HANG_S,
    )
    partial.rename(made)
    shutil.rmtree(folder)


def _libraries(program: Path) -> list[str]:
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"=> (/\S+)", said)
    return [library for library in found if not SYSTEM.search(library)]
