"""The export kind `pointcloud`: point clouds from all views, by GPT4Point's rules or exact.

    npz/<uid>.npz         coords (N, 3) float32, world; R, G, B, A, MatAlpha (N,) float32, 0 to 1;
                          normals (N, 3) float32 if the zip has normals
    ply/<uid>.ply         ASCII, GPT4Point's: x y z float, red green blue uchar
    ply_binary/<uid>.ply  the same points in binary, with nx ny nz if there are normals

N is 16384: 131072 of all visible points are drawn at random and reduced by farthest-point sampling.
World: Z up, the object in the unit cube around the origin. Layout: GPT4Point.
"""

from __future__ import annotations

import threading
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import npz
from worker.core import keys
from worker.core.errors import Empty
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.clouds import ply, points
from worker.export.clouds.farthest import farthest_points
from worker.export.clouds.points import Points

_ONE: Final = threading.Lock()
"""Lets one thread at a time sample farthest points. Sampling takes thousands of small steps; two
threads contend for the interpreter lock and take more than twice as long as one after the other."""

COLUMNS: Final[dict[str, tuple[tuple[int, ...], float, float]]] = {
    "coords": ((3,), -np.inf, np.inf),
    "R": ((), 0, 1),
    "G": ((), 0, 1),
    "B": ((), 0, 1),
    "A": ((), 1, 1),  # all points are opaque
    "MatAlpha": ((), 0, 1),
    "normals": ((3,), -1.001, 1.001),
}
"""Arrays of the .npz: shape per point, minimum and maximum value."""
REQUIRED: Final = {"coords", *"RGBA"}
UNIT: Final = 1e-3
"""Allowed deviation from unit length; a missing normal is (0, 0, 0)."""


class PointCloud(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = False
    keeps_failed: ClassVar[bool] = False
    duplicates: ClassVar[bool] = False

    layout: Literal["gpt4point", "exact"] = "gpt4point"
    points: int = 16384
    """Number of points in a cloud."""
    candidates: int = 131072
    """Number of points drawn at random before farthest-point sampling."""

    def __post_init__(self) -> None:
        """Check the combination of options. Raises: ValueError."""
        if self.candidates < self.points:
            raise ValueError(
                f"--candidates must be at least --points: {self.candidates} < {self.points}"
            )

    @property
    def grouping(self) -> Grouping | None:
        """None: every object has its own files."""
        return None

    def convert(self, item: Item) -> Points:
        """Make one object's cloud.

        Raises: Empty, if fewer points are visible than asked for; and as `points.chosen`.
        """
        found = points.chosen(item.rendered, self.layout, self.candidates)
        if len(found.xyz) < self.points:
            raise Empty(
                f"only {len(found.xyz)} visible points in {len(item.rendered.views)} views, but "
                f"a cloud needs {self.points}; render more or larger views, or ask for fewer "
                "with --points"
            )
        with _ONE:
            kept = farthest_points(found.xyz, self.points)
        return Points(
            found.xyz[kept],
            found.rgba[kept],
            None if found.alpha is None else found.alpha[kept],
            None if found.normals is None else found.normals[kept],
        )

    def write(self, unit: str, parts: Iterable[Points], folder: Path) -> list[str]:
        """Write one object's three files."""
        (cloud,) = parts
        files = {
            keys.cloud_npz(unit): _npz(cloud),
            keys.cloud_ply(unit): ply.ascii_file(cloud.xyz, cloud.rgba[:, :3]),
            keys.cloud_ply_binary(unit): ply.binary_file(
                cloud.xyz, cloud.rgba[:, :3], cloud.normals
            ),
        }
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return list(files)

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check that the files have the same points, colours and normals. Raises: NotAsWritten."""
        if len(files) != 3 * count:
            raise NotAsWritten(f"{len(files)} files for {count} object")
        zipped, text, binary = (folder / name for name in files)
        cloud = _read_npz(zipped, self.points)
        xyz, normals = cloud["coords"], cloud.get("normals")
        colours = np.rint(np.stack([cloud[name] for name in "RGB"], axis=-1) * 255).astype(np.uint8)
        for path, read, directions in (
            (text, ply.read_ascii, None),
            (binary, ply.read_binary, normals),
        ):
            found = read(path.read_bytes())
            pairs = ((found.xyz, xyz), (found.rgb, colours), (found.normals, directions))
            if not all(_same(one, other) for one, other in pairs):
                raise NotAsWritten(f"{path.parent.name}/{path.name} differs from {zipped.name}")


def _same(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _read_npz(path: Path, count: int) -> dict[str, NDArray[np.float32]]:
    """Read a cloud of `count` points. Raises: NotAsWritten, if its arrays are not `COLUMNS`."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            cloud = dict(arrays)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise NotAsWritten(f"{path.name}: {error}") from error
    if not REQUIRED <= cloud.keys() <= COLUMNS.keys():
        raise NotAsWritten(f"{path.name} has {', '.join(cloud)}")
    for name, array in cloud.items():
        shape, low, high = COLUMNS[name]
        if array.shape != (count, *shape) or array.dtype != np.float32:
            raise NotAsWritten(f"{path.name} has {name} of {array.dtype} {array.shape}")
        if not (np.isfinite(array) & (array >= low) & (array <= high)).all():
            raise NotAsWritten(f"{path.name} has {name} outside {low} to {high}")
    length = np.linalg.norm(cloud.get("normals", np.zeros((1, 3))), axis=1)
    if not ((np.abs(length - 1) < UNIT) | (length == 0)).all():
        raise NotAsWritten(f"{path.name} has normals that are not unit vectors")
    return cloud


def _npz(cloud: Points) -> bytes:
    arrays = {"coords": cloud.xyz}
    arrays |= {
        name: (cloud.rgba[:, number] / 255).astype(np.float32) for number, name in enumerate("RGBA")
    }
    if cloud.alpha is not None:  # GPT4Point's reader divides by 65536, not 65535
        arrays["MatAlpha"] = (cloud.alpha / 65536).astype(np.float32)
    if cloud.normals is not None:
        arrays["normals"] = cloud.normals
    return npz.compressed(arrays)
