"""The export kind `colmap`: a folder for each object, with images and a sparse model of COLMAP.

    <uid>/images/frame_<nnnnn>.png        RGBA
    <uid>/masks/frame_<nnnnn>.png.png     8-bit, 255 is the object; if the zip has a mask or depth
    <uid>/sparse/0/cameras.bin            PINHOLE; one camera for all views of equal K and size
    <uid>/sparse/0/images.bin             poses, and where each image shows points
    <uid>/sparse/0/points3D.bin           points on the surface, with their tracks; none without
                                          depth, or of an object without a visible opaque surface

Layout "text" writes .txt instead of .bin. Formats: `worker.codecs.colmap_model`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import ClassVar, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import camera_conventions, colmap_model, png
from worker.codecs.colmap_model import Model, ModelCamera, ModelImage
from worker.core.errors import Empty, Unsupported
from worker.export import images, object_files
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.camera_model import Camera
from worker.export.clouds import points, tracks
from worker.export.layouts.base import Files, colour_file
from worker.export.zips import RenderZip

POINTS: Final = 10_000
SPARSE: Final = "sparse/0"
"""Where COLMAP's mapper puts its first model, and where readers look."""


class Colmap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = False
    keeps_failed: ClassVar[bool] = False
    duplicates: ClassVar[bool] = False

    layout: Literal["binary", "text"] = "binary"

    @property
    def grouping(self) -> Grouping | None:
        """None: every object has its own files."""
        return None

    def convert(self, item: Item) -> RenderZip:
        """Check the cameras of one object. Raises: Unsupported, RenderFailed."""
        zipped = item.rendered
        for view in zipped.views:
            if view.projection != "perspective":
                raise Unsupported(f"view {view.name} is {view.projection}, not perspective")
            if view.K[0][1] != 0:
                raise Unsupported(f"K of view {view.name} has skew, which PINHOLE has not")
        return zipped

    def write(self, unit: str, parts: Iterable[RenderZip], folder: Path) -> list[str]:
        """Write one object's files. Raises: Unsupported, RenderFailed."""
        (zipped,) = parts
        return object_files.write(folder, self._files(unit, zipped))

    def _files(self, unit: str, zipped: RenderZip) -> Files:
        masked = images.has(zipped, "mask", *images.DEPTH_KINDS)
        for number, view in enumerate(zipped.views, 1):
            name = _image(number)
            yield f"{unit}/images/{name}", colour_file(zipped, view)
            if masked:
                seen = images.mask(zipped, view).astype(np.uint8) * np.uint8(255)
                yield f"{unit}/masks/{name}.png", png.encode(seen)
        model = _model(zipped)
        for name, encode in colmap_model.FORMS[self.layout].items():
            yield f"{unit}/{SPARSE}/{name}", encode(model)

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check that all images decode and that the model names each of them.

        Raises: NotAsWritten.
        """
        models = [name for name in files if PurePosixPath(name).parent.name == "0"]
        object_files.read_back(folder, [name for name in files if name not in models])
        if count != 1 or len(models) != len(colmap_model.FORMS[self.layout]):
            raise NotAsWritten("there is not one model of one object")
        (listed,) = (name for name in models if PurePosixPath(name).stem == "images")
        data = (folder / listed).read_bytes()
        for name in files:
            path = PurePosixPath(name)
            if path.parent.name == "images" and data.count(path.name.encode()) != 1:
                raise NotAsWritten(f"{listed} does not name {path.name} once")


def _image(number: int) -> str:
    return f"frame_{number:05d}.png"


def _model(zipped: RenderZip) -> Model:
    """The cameras, poses and points of all views. Raises: Unsupported, RenderFailed."""
    xyz, rgb = _points(zipped)
    cameras: list[ModelCamera] = []
    made: list[ModelImage] = []
    for number, view in enumerate(zipped.views, 1):
        camera = _camera(view)
        if camera not in cameras:
            cameras.append(camera)
        pose = camera_conventions.world_to_camera_opencv(view.camera_to_world)
        x, y, z = pose[:3, 3].tolist()
        seen = (
            tracks.shown(zipped, view, xyz)
            if len(xyz)
            else tracks.Shown(np.empty(0, np.int64), np.empty((0, 2)))
        )
        made.append(
            ModelImage(
                name=_image(number),
                camera=cameras.index(camera) + 1,
                quaternion=colmap_model.quaternion(pose[:3, :3]),
                translation=(x, y, z),
                pixels=seen.pixels,
                points=seen.points + 1,
            )
        )
    return Model(cameras, made, xyz, rgb)


def _camera(view: Camera) -> ModelCamera:
    (fx, _, cx), (_, fy, cy), _ = view.K
    return ModelCamera(view.width, view.height, (fx, fy, cx, cy))


def _points(zipped: RenderZip) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Points (n, 3) and 8-bit colours (n, 3) of the surface; none without depth."""
    if images.has(zipped, *images.DEPTH_KINDS):
        try:
            found = points.chosen(zipped, "exact", POINTS)
        except Empty:
            pass
        else:
            return found.xyz.astype(np.float64), found.rgba[:, :3]
    return np.empty((0, 3)), np.empty((0, 3), np.uint8)
