"""Export kinds: data sets made from an output's zips. A kind in the table becomes a command."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final

from worker.core.errors import NodeError


def need(library: str, *, extra: str) -> None:
    """Check that an export kind's optional `library` is installed.

    Raises: NodeError, which names the `extra` to install.
    """
    try:
        importlib.import_module(library)
    except ImportError as error:
        raise NodeError(
            f"{library} is not installed; this export needs it: "
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


def _zero123() -> type[Any]:
    from worker.export.zero123 import Zero123

    return Zero123


def _trellis() -> type[Any]:
    from worker.export.trellis import Trellis

    return Trellis


def _colmap() -> type[Any]:
    from worker.export.colmap import Colmap

    return Colmap


def _coco() -> type[Any]:
    from worker.export.coco import Coco

    return Coco


def _bop() -> type[Any]:
    from worker.export.bop import Bop

    return Bop


EXPORT_KINDS: Final[dict[str, Callable[[], type[Any]]]] = {
    "pointcloud": _pointcloud,
    "nerf": _nerf,
    "webdataset": _webdataset,
    "parquet": _parquet,
    "hdf5": _hdf5,
    "coco": _coco,
    "bop": _bop,
    "omage": _omage,
    "zero123": _zero123,
    "trellis": _trellis,
    "colmap": _colmap,
}
"""Export kind to a function that imports its class, since some kinds need optional libraries."""
