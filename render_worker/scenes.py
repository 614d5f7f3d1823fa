"""Samples of synthetic scenes: an image with ground truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from render_worker import decode, mesh
from render_worker.archive import Members, damaged
from render_worker.decode import Undecodable
from render_worker.errors import MissingData
from render_worker.mesh import Mesh

FOLDER: Final = "img/"
LAYER: Final = "View Layer"
MESH: Final = "models/{}.ply"
FIELDS: Final = frozenset(
    {"class", "rot_mat", "quaternion", "euler", "bbox", "scale", "location", "light"}
)

T = TypeVar("T")


class Sample:
    """One sample of a data set of synthetic scenes (docs/scenes.md).

    `image`, `instance`, `label` and `depth` are read each time they are asked for. The last three
    need samples rendered as EXR, and raise MissingData for PNG.
    """

    def __init__(self, members: Members, stem: str, about: Mapping[str, Any]) -> None:
        self.idx = int(stem[len(FOLDER) :])
        """Its number in the data set."""
        self.about = about
        """What metadata.json says of it: its objects' identifiers and visible pixels."""
        self._members = members
        self._stem = stem

    def __repr__(self) -> str:
        return f"<sample {self.idx} of {self._members.uid}>"

    @property
    def image(self) -> NDArray[np.float32]:
        """(height, width, 3) float32: linear light of an EXR; sRGB from 0 to 1 of a PNG."""
        if self._exr in self._members.names():
            return self._channels("Combined", "RGB")
        pixels = self._decoded(self._png, lambda data: decode.png(data, None))
        return np.divide(pixels, np.float32(255), dtype=np.float32)

    @property
    def instance(self) -> NDArray[np.uint16]:
        """(height, width) uint16: row of `objects` + 1; 0 is the background."""
        return self._channels("IndexOB", "X")[..., 0].astype(np.uint16)

    @property
    def label(self) -> NDArray[np.uint16]:
        """(height, width) uint16: the object's class; 99 is the background."""
        return self._channels("IndexMA", "X")[..., 0].astype(np.uint16)

    @property
    def depth(self) -> NDArray[np.float32]:
        """(height, width) float32: planar Z in world units."""
        return self._channels("Depth", "Z")[..., 0]

    @property
    def objects(self) -> NDArray[np.void]:
        """One row per object, with the fields `class`, `rot_mat`, `quaternion`, … of scenes.md.

        A point p of the object is at ``rot_mat @ (scale * p) + location``.
        """
        name = f"{self._stem}.npy"
        rows = self._decoded(name, decode.npy)
        if rows.ndim != 1 or FIELDS - set(rows.dtype.names or ()):
            raise damaged(self._members, f"has a {name} of {rows.dtype} {rows.shape}")
        return rows

    @property
    def meshes(self) -> list[Mesh]:
        """The mesh of each row of `objects`, where it is in the world, Z up.

        Raises: MissingData, if it was rendered without products = ["mesh"].
        """
        rows, told = self.objects, self.about.get("objects")
        uids = [each.get("uid") for each in told or () if isinstance(each, Mapping)]
        if len(uids) != len(rows):
            raise damaged(self._members, f"has no objects of sample {self.idx} in its metadata")
        return [self._placed(str(uid), row) for uid, row in zip(uids, rows, strict=True)]

    def _placed(self, uid: str, row: NDArray[np.void]) -> Mesh:
        name = MESH.format(uid)
        if name not in self._members.names():
            raise MissingData(
                f"{self._members.where} has no {name}; render with products = ['mesh']"
            )
        found = self._decoded(name, mesh.decoded)
        points = (found.points * row["scale"]) @ row["rot_mat"].T + row["location"]
        return Mesh(points.astype(np.float32), found.triangles)

    @property
    def _exr(self) -> str:
        return f"{self._stem}.exr"

    @property
    def _png(self) -> str:
        return f"{self._stem}.png"

    def _channels(self, layer: str, components: str) -> NDArray[np.float32]:
        if self._exr not in self._members.names():
            raise MissingData(f"{self._members.where} has no {self._exr}: only 8-bit colour")
        names = [f"{LAYER}.{layer}.{component}" for component in components]
        return self._decoded(self._exr, lambda data: decode.exr(data, None, names))

    def _decoded(self, name: str, decoder: Callable[[bytes], T]) -> T:
        try:
            found = decoder(self._members.read(name))
        except Undecodable as error:
            raise damaged(self._members, f"has a {name} that is {error}") from error
        return found


def samples(members: Members, metadata: Mapping[str, Any]) -> list[Sample]:
    """All samples of a zip, in order. Raises: DamagedZip, PlaceError."""
    stems = sorted(
        name[: -len(".npy")]
        for name in members.names()
        if name.startswith(FOLDER) and name.endswith(".npy")
    )
    told = metadata.get("samples")
    about = {each.get("idx"): each for each in told or () if isinstance(each, dict)}
    try:
        return [Sample(members, stem, about.get(int(stem[len(FOLDER) :]), {})) for stem in stems]
    except ValueError as error:
        raise damaged(members, f"has a sample without a number: {error}") from error
