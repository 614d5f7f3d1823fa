"""Data sets made from finished zips: one kind a file; a line in the table makes it a command's."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final

from worker.core.errors import NodeError


def need(library: str, *, extra: str) -> None:
    """Refuse a kind whose library is not installed. Raises: NodeError, with what to install."""
    try:
        importlib.import_module(library)
    except ImportError as error:
        raise NodeError(
            f"{library} is not installed, which this export needs: "
            f"pip install 'render-worker[{extra}]' ({error})"
        ) from error


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


def _hdf5() -> type[Any]:
    need("h5py", extra="hdf5")
    from worker.export.hdf5 import Hdf5

    return Hdf5


def _omage() -> type[Any]:
    need("h5py", extra="hdf5")
    from worker.export.omage import OmageSet

    return OmageSet


EXPORT_KINDS: Final[dict[str, Callable[[], type[Any]]]] = {
    "pointcloud": _pointcloud,
    "nerf": _nerf,
    "webdataset": _webdataset,
    "parquet": _parquet,
    "hdf5": _hdf5,
    "omage": _omage,
}
"""Export kind to its class, imported only when asked for: some need what others do without."""
