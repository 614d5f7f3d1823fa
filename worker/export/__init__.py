"""Data sets made from finished zips: one kind a file; a line in the table makes it a command's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

KINDS: Final[dict[str, Callable[[], type[Any]]]] = {}
"""Export kind to its class, imported only when asked for: some need what others do without."""


def _pointcloud() -> type[Any]:
    from worker.export.pointcloud import PointCloud

    return PointCloud


KINDS["pointcloud"] = _pointcloud
