"""The export kind `zero123`: views as Zero-1-to-3's `ObjaverseData` reads them.

    valid_paths.json   list of the folders, sorted; the first floor(99 %) are for training
    <uid>/<nnn>.png    RGBA, straight alpha; the reader makes pixels of alpha 0 white, and takes the
                       colour of all others as it is
    <uid>/<nnn>.npy    3x4 world-to-camera, Blender's axes; float64

The reader describes a camera only by the angles and the length of its position, so cameras must
look at the origin, with Z up in the image.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final

import msgspec
import numpy as np

from worker.codecs import camera_conventions, image_formats
from worker.core import keys
from worker.core.errors import Unsupported
from worker.export import object_files
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.camera_model import Camera
from worker.export.layouts.base import angle_x, colour_file
from worker.export.zips import RenderZip

MIN_VIEWS: Final = 2
"""The reader draws two views of an object."""
STRAIGHT: Final = 1e-3
"""Largest sine of the angle by which a camera may look past the origin, or be rolled."""
SHAPE: Final = (3, 4)


class Zero123(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = False
    keeps_failed: ClassVar[bool] = False
    duplicates: ClassVar[bool] = False

    @property
    def grouping(self) -> Grouping | None:
        """None: every object has its own files."""
        return None

    def convert(self, item: Item) -> RenderZip:
        """Check the cameras of one object. Raises: Unsupported, RenderFailed."""
        zipped = item.rendered
        if len(zipped.views) < MIN_VIEWS:
            raise Unsupported("the object has one view; Zero-1-to-3 trains on pairs of views")
        for view in zipped.views:
            if view.projection != "perspective":
                raise Unsupported(f"view {view.name} is {view.projection}, not perspective")
            if view.width != view.height:
                raise Unsupported(f"view {view.name} is not square")
            if not _upright(view):
                raise Unsupported(
                    f"the camera of view {view.name} does not look at the origin without roll; "
                    "Zero-1-to-3 takes nothing but its position"
                )
        angle_x(zipped, list(zipped.views))
        return zipped

    def write(self, unit: str, parts: Iterable[RenderZip], folder: Path) -> list[str]:
        """Write one object's images and matrices. Raises: Unsupported, RenderFailed."""
        (zipped,) = parts
        return object_files.write(folder, _files(unit, zipped))

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check that every image decodes and has its matrix. Raises: NotAsWritten."""
        found = object_files.read_back(folder, files)
        matrices = {name.removesuffix(".npy") for name in files if name.endswith(".npy")}
        pictures = {name.removesuffix(".png") for name in files if name.endswith(".png")}
        if count != 1 or matrices != pictures:
            raise NotAsWritten("there is not one matrix for each image")
        for name in matrices:
            if found[f"{name}.npy"].shape != SHAPE:
                raise NotAsWritten(f"{name}.npy is not 3x4")


def _files(unit: str, zipped: RenderZip) -> Iterable[tuple[str, bytes]]:
    for number, view in enumerate(zipped.views):
        name = f"{unit}/{keys.view_name(number)}"
        yield keys.image_file(name), colour_file(zipped, view)
        matrix = camera_conventions.world_to_camera_3x4(view.camera_to_world)
        yield keys.matrix_file(name), image_formats.NPY.encode(matrix)


def _upright(view: Camera) -> bool:
    """Whether the camera looks at the origin, and the world's Z axis is not turned in its image."""
    pose = np.asarray(view.camera_to_world)
    right, backward, place = pose[:3, 0], pose[:3, 2], pose[:3, 3]
    distance = float(np.linalg.norm(place))
    past = float(np.linalg.norm(place - distance * backward))
    return (
        past <= STRAIGHT * distance and abs(float(right[2])) <= STRAIGHT and pose[2, 1] >= -STRAIGHT
    )
