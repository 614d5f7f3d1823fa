"""The pictures in a folder, in an order that every machine agrees on. Free of bpy."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".tga", ".webp", ".exr"})


def listing(folder: str) -> list[str]:
    """POSIX paths of pictures below `folder`, by name; hidden ones left out. Raises: OSError."""
    found = []

    def refuse(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = os.path.relpath(parent, folder)
        for name in names:
            path = PurePosixPath(inside, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                found.append(str(path))
    return sorted(found)
