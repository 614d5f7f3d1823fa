"""Checks for the system libraries that bpy needs, before large downloads.

It imports only the standard library, because `make` runs it before packages are installed.
Blender's own error message names only the first missing library.
"""

from __future__ import annotations

import ctypes
import sys

LIBRARIES = {
    "libXrender.so.1": "libxrender1",
    "libXi.so.6": "libxi6",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libXfixes.so.3": "libxfixes3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
}
"""Shared object to Debian package."""
MESA = ("libegl1", "libegl-mesa0", "libgl1-mesa-dri", "libgl1")
"""Debian packages of Mesa's software rasteriser, which `--device software` takes."""


def missing() -> list[str]:
    """Debian packages of the libraries that cannot be loaded."""
    return [package for name, package in LIBRARIES.items() if not _loads(name)]


def advice(packages: list[str]) -> str:
    """A message with the missing packages and the command that installs them."""
    return (
        f"Blender needs system libraries that are not installed: {', '.join(packages)}. "
        f"Install them with: sudo apt-get install -y --no-install-recommends {' '.join(packages)}"
    )


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    if sys.argv[1:] == ["--packages"]:
        sys.stdout.write(" ".join(LIBRARIES.values()) + "\n")
    elif packages := missing():
        sys.exit(advice(packages))
