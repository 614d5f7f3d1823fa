"""What a preset names outside itself: rig environment's picture, and the folder of textures."""

from __future__ import annotations

import functools
import os.path
from pathlib import Path
from typing import Any, Final

from worker.contract.texture_folder import listing
from worker.core.sha256 import sha256_of

PATHS: Final = (("lights", "environment"), ("scenes", "textures"))
"""Tables and keys whose value is a path."""


def rooted(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`table` with its paths made absolute; relative ones start at `folder`."""
    for name, key in PATHS:
        inner = table.get(name, {})
        if path := inner.get(key):
            whole = os.path.abspath(folder / os.path.expanduser(path))  # noqa: PTH100, PTH111 - they raise
            table = {**table, name: {**inner, key: whole}}
    return table


def digested(table: dict[str, Any]) -> dict[str, Any]:
    """`table`, a whole recipe's, with the digest of what lies at each path in the path's place."""
    for name, key in PATHS:
        if path := table[name][key]:
            table = {**table, name: {**table[name], key: digest(path)}}
    return table


def digest(path: str) -> str:
    """sha256 of the picture, or over a folder's pictures and their names; "" where there is none.

    It may lie elsewhere on each machine.
    """
    try:
        if Path(path).is_dir():
            names = listing(path)
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
