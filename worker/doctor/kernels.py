"""The folders in which GPU drivers cache compiled kernels, so that a node compiles them once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from worker.supervisor.environment import cache_folders


class Cache(msgspec.Struct, frozen=True):
    """One cache folder: the number and total size of its files, and whether it is writable."""

    kind: str
    folder: Path
    files: int
    bytes: int
    writable: bool

    @property
    def warm(self) -> bool:
        """Whether the cache has any files."""
        return self.files > 0


def caches(kind: str, environment: Mapping[str, str]) -> list[Cache]:
    """The caches that a child on a device of `kind` uses: CUDA's and, for "optix", also OptiX's."""
    return [_look(name, folder) for name, folder in cache_folders(kind, environment).items()]


def _look(kind: str, folder: Path) -> Cache:
    sizes = []
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            if path.is_file():
                sizes.append(path.stat().st_size)
        except OSError:
            continue  # removed since
    return Cache(kind, folder, len(sizes), sum(sizes), _writable(folder))


def _writable(folder: Path) -> bool:
    """Whether `folder` can be written, or created if it does not exist."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)
