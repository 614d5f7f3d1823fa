"""Data sets made from finished zips: one kind a file; a line in the table makes it a command's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final


def _pointcloud() -> type[Any]:
    from worker.export.pointcloud import PointCloud

    return PointCloud


def _nerf() -> type[Any]:
    from worker.export.nerf import Nerf

    return Nerf


def _webdataset() -> type[Any]:
    from worker.export.webdataset import WebDataset

    return WebDataset


def _parquet() -> type[Any]:
    from worker.export.parquet import Catalogue

    return Catalogue


KINDS: Final[dict[str, Callable[[], type[Any]]]] = {
    "pointcloud": _pointcloud,
    "nerf": _nerf,
    "webdataset": _webdataset,
    "parquet": _parquet,
}
"""Export kind to its class, imported only when asked for: some need what others do without."""
