"""Files of a process that is at work."""

from __future__ import annotations

from pathlib import Path


def found(folder: Path, pattern: str) -> list[Path]:
    """`folder.glob(pattern)`, which raises where a folder goes before it is looked into."""
    while True:
        try:
            return list(folder.glob(pattern))
        except FileNotFoundError:
            continue
