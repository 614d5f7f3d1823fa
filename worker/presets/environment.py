"""The one file that a preset names: the picture of light rig environment."""

from __future__ import annotations

import functools
import hashlib
import os.path
from pathlib import Path
from typing import Any


def rooted(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`table` with its picture's path made absolute; a relative one starts at `folder`."""
    lights = table.get("lights", {})
    path = lights.get("environment")
    if not path:
        return table
    whole = os.path.abspath(folder / os.path.expanduser(path))  # noqa: PTH100, PTH111 - they raise
    return {**table, "lights": {**lights, "environment": whole}}


def digest(path: str) -> str:
    """sha256 of the picture, which may lie elsewhere on each machine; "" where there is none."""
    try:
        about = Path(path).stat()
    except (OSError, ValueError):
        return ""
    return _digest(path, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=8)
def _digest(path: str, _changed: int, _size: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
