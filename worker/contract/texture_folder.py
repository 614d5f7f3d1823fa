"""The images in a folder, in the same order on every machine. Needs no bpy."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".tga", ".webp", ".exr"})

ENVIRONMENTS = frozenset({".hdr", ".exr"})
"""Suffixes of pictures that light a scene."""


def listing(folder: str, suffixes: frozenset[str] = SUFFIXES) -> list[str]:
    """POSIX paths of the images below `folder`, relative to it and sorted. Raises: OSError.

    Hidden files and folders are skipped, and whatever is no regular file: reading a pipe may block.
    """
    found = []

    def refuse(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = os.path.relpath(parent, folder)
        for name in names:
            path = PurePosixPath(inside, name)
            if path.suffix.lower() not in suffixes or name.startswith("."):
                continue
            if os.path.isfile(os.path.join(parent, name)):  # noqa: PTH113, PTH118 - str
                found.append(str(path))
    return sorted(found)
