"""Files that a preset names: environment pictures, a file of cameras, a folder of textures."""

from __future__ import annotations

import functools
import os.path
from pathlib import Path
from typing import Any, Final

from worker.contract.texture_folder import ENVIRONMENTS, SUFFIXES, listing
from worker.core.sha256 import sha256_of

PATHS: Final = {
    ("lights", "environment"): SUFFIXES,
    ("lights", "environments"): ENVIRONMENTS,
    ("camera", "file"): SUFFIXES,
    ("scenes", "textures"): SUFFIXES,
}
"""(table, key) of each setting whose value is a path, and what counts if it is a folder."""


def rooted(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`table` with absolute paths; relative ones are resolved against `folder`."""
    for name, key in PATHS:
        inner = table.get(name, {})
        if path := inner.get(key):
            absolute = os.path.abspath(folder / os.path.expanduser(path))  # noqa: PTH100, PTH111 - they raise
            table = {**table, name: {**inner, key: absolute}}
    return table


def digested(table: dict[str, Any]) -> dict[str, Any]:
    """The table of a complete recipe, with each path replaced by the digest of its contents."""
    for (name, key), suffixes in PATHS.items():
        if path := table[name][key]:
            table = {**table, name: {**table[name], key: digest(path, suffixes)}}
    return table


def digest(path: str, suffixes: frozenset[str] = SUFFIXES) -> str:
    """sha256 of a file, or of the names and contents of a folder's pictures; "" if missing.

    `suffixes`: those of the pictures that count.

    The path is not part of it, because it may differ between machines.
    """
    try:
        if Path(path).is_dir():
            names = listing(path, suffixes)
            found = [(name, Path(path, name).stat()) for name in names]
            return _folder(path, tuple((name, at.st_mtime_ns, at.st_size) for name, at in found))
        about = Path(path).stat()
    except (OSError, ValueError):
        return ""
    return _digest(path, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=8)
def _folder(path: str, files: tuple[tuple[str, int, int], ...]) -> str:
    lines = [f"{name}\0{sha256_of(Path(path, name))}\n" for name, _, _ in files]
    return sha256_of("".join(lines).encode(errors="surrogateescape"))


@functools.lru_cache(maxsize=8)
def _digest(path: str, _changed: int, _size: int) -> str:
    return sha256_of(Path(path))
