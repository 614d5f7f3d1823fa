"""Point clouds of depth, colour and alpha of all views: GPT4Point's, or exact ones.

    npz/<uid>.npz         coords (N, 3) float32, world; R, G, B, A, MatAlpha (N,) float32, 0 to 1;
                          normals (N, 3) float32 if the zip has normals
    ply/<uid>.ply         ASCII, GPT4Point's: x y z float, red green blue uchar
    ply_binary/<uid>.ply  the same points in binary, with nx ny nz if there are normals

N is 16384: of all visible points 131072 at random, of these the farthest. World: Z up, the object
in the unit cube around the origin. Source of the layout: formats.md, section 2.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final, Literal

import msgspec
import numpy as np

from worker import keys
from worker.errors import Empty
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.clouds import ply, points
from worker.export.clouds.farthest import farthest_points
from worker.export.clouds.points import Points
from worker.pack import npz

_ONE: Final = threading.Lock()
"""Thousands of small steps: two threads at it hand the interpreter lock to and fro, and take
more than twice as long as one after the other. The rest of the work is done beside it."""


class PointCloud(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = False
    keeps_failed: ClassVar[bool] = False

    layout: Literal["gpt4point", "exact"] = "gpt4point"
    points: int = 16384
    """Points in a cloud."""
    candidates: int = 131072
    """Points taken at random, of which the farthest are kept."""

    @property
    def grouping(self) -> Grouping | None:
        """Every object has its own files."""
        return None

    def convert(self, item: Item) -> Points:
        """The cloud. Raises: Empty, with fewer visible points than asked for; as `chosen`."""
        found = points.chosen(item.rendered, self.layout, self.candidates)
        if len(found.xyz) < self.points:
            raise Empty(
                f"only {len(found.xyz)} visible points in {len(item.rendered.views)} views, "
                f"a cloud has {self.points}; render more or larger views, or ask for fewer "
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
        """The three files of one object."""
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
        """All three have the same points and colours. Raises: NotAsWritten."""
        if len(files) != 3 * count:
            raise NotAsWritten(f"{len(files)} files of {count} object")
        zipped, text, binary = (folder / name for name in files)
        with np.load(zipped, allow_pickle=False) as arrays:
            xyz = arrays["coords"]
            rgb = np.stack([arrays[name] for name in "RGB"], axis=-1)
        if xyz.shape != (self.points, 3) or not np.isfinite(xyz).all():
            raise NotAsWritten(f"{zipped.name} has coords of shape {xyz.shape}")
        colours = np.rint(rgb * 255).astype(np.uint8)
        for path, read in ((text, ply.read_ascii), (binary, ply.read_binary)):
            other, shades = read(path.read_bytes())
            if not (np.array_equal(other, xyz) and np.array_equal(shades, colours)):
                raise NotAsWritten(f"{path.parent.name}/{path.name} differs from {zipped.name}")


def _npz(cloud: Points) -> bytes:
    arrays = {"coords": cloud.xyz}
    arrays |= {
        name: (cloud.rgba[:, number] / 255).astype(np.float32) for number, name in enumerate("RGBA")
    }
    if cloud.alpha is not None:  # as GPT4Point's reader scales it
        arrays["MatAlpha"] = (cloud.alpha / 65536).astype(np.float32)
    if cloud.normals is not None:
        arrays["normals"] = cloud.normals
    return npz.compressed(arrays)
