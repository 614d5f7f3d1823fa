"""The export kind `trellis`: objects as TRELLIS's dataset_toolkits leave them before voxelize.py.

    metadata.csv                         one row per object; see `object_lists`
    renders/<sha256>/transforms.json     aabb, scale, offset; frames of file_path, transform_matrix
                                         (camera-to-world, OpenGL axes) and camera_angle_x
    renders/<sha256>/<nnn>.png           RGBA, straight alpha
    renders/<sha256>/mesh.ply            the normalised object, in the world of the cameras
    renders_cond/<sha256>/…              as renders/, without the mesh: the views of a second output

sha256 is that of the model file. Its readers take camera_angle_x for the vertical field of view
too, and the object to be in the unit cube at the origin, as voxelize.py clips it to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import ClassVar, Final

import msgspec

from worker.codecs import json_file, mesh_ply
from worker.codecs.mesh_ply import NotMeshPly
from worker.core import keys
from worker.core.errors import Unsupported
from worker.export import object_files
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.layouts.base import Files, angle_x, colour_file, reach
from worker.export.zips import RenderZip
from worker.pack.records import transforms

SHA256: Final = re.compile(r"[0-9a-f]{64}")
HALF: Final = 0.5 + 1e-4
"""Half the side of the unit cube; rounding may lead that much out of it."""


class TrellisObject(msgspec.Struct, frozen=True):
    """One object: the sha256 of its model file, and its zips."""

    sha256: str
    zip: RenderZip
    cond: RenderZip | None


class Trellis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = False
    keeps_failed: ClassVar[bool] = False
    duplicates: ClassVar[bool] = False

    cond: str | None = None
    """The output with the views that are conditioned on; its zips are `Item.beside`."""

    @property
    def grouping(self) -> Grouping | None:
        """None: every object has its own files."""
        return None

    def convert(self, item: Item) -> TrellisObject:
        """Check the zips of one object. Raises: Unsupported, RenderFailed."""
        zipped = item.rendered
        sha256 = zipped.metadata.sha256 or ""
        if not SHA256.fullmatch(sha256):
            raise Unsupported("the zip has no sha256 of the model file, which names its folder")
        for each in (zipped, item.beside):
            if each is not None:
                _check_views(each)
        if item.beside is not None and item.beside.metadata.sha256 != sha256:
            raise Unsupported(
                "the two outputs rendered different files of this object, which changed in between"
            )
        if keys.MESH_PLY not in zipped.names():
            raise zipped.lacking(f"{keys.MESH_PLY} (products of the preset)")
        return TrellisObject(sha256, zipped, item.beside)

    def write(self, unit: str, parts: Iterable[TrellisObject], folder: Path) -> list[str]:  # noqa: ARG002 - named after the file
        """Write one object's files. Raises: Unsupported, RenderFailed."""
        (found,) = parts
        return object_files.write(folder, _files(found))

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check that images and mesh decode, and that there is an image for each frame.

        Raises: NotAsWritten.
        """
        meshes = [name for name in files if PurePosixPath(name).name == keys.MESH_PLY]
        found = object_files.read_back(folder, [name for name in files if name not in meshes])
        object_files.check_meshes(folder, meshes)
        named = {
            str(PurePosixPath(name).with_name(frame["file_path"]))
            for name, document in found.items()
            if PurePosixPath(name).name == keys.TRANSFORMS
            for frame in document["frames"]
        }
        if count != 1 or len(meshes) != 1 or named != {n for n in files if n.endswith(".png")}:
            raise NotAsWritten("there is not one image for each frame, or not one mesh")


def _check_views(zipped: RenderZip) -> None:
    for view in zipped.views:
        if view.projection != "perspective":
            raise Unsupported(f"view {view.name} is {view.projection}, not perspective")
        if view.width != view.height:
            raise Unsupported(f"view {view.name} is not square")
        angle_x(zipped, [view])
    if reach(zipped) > HALF:
        raise Unsupported("the object is not in the unit cube at the origin (subject.normalise)")


def _files(found: TrellisObject) -> Files:
    # The cameras come first: of two objects with the same file the second fails there, before
    # any of its views is stored among those of the first.
    folder = keys.trellis_folder(found.sha256)
    yield from _views(folder, found.zip)
    data = found.zip.read(keys.MESH_PLY)
    try:
        mesh_ply.decode(data)
    except NotMeshPly as error:
        raise found.zip.damaged(f"has a {keys.MESH_PLY} that does not decode: {error}") from error
    yield f"{folder}/{keys.MESH_PLY}", data
    if found.cond is not None:
        yield from _views(keys.trellis_folder(found.sha256, cond=True), found.cond)


def _views(folder: str, zipped: RenderZip) -> Files:
    views, where = zipped.views, zipped.cameras.placement
    if where is None:
        raise zipped.lacking(f"placement of the object in its {keys.CAMERAS}")
    named = [
        msgspec.structs.replace(view, name=keys.view_name(number))
        for number, view in enumerate(views)
    ]
    document = transforms.trellis([view.as_view for view in named], where.scale, where.offset,
                                  ".png")  # fmt: skip
    yield f"{folder}/{keys.TRANSFORMS}", json_file.json_file(document)
    for view, named_view in zip(views, named, strict=True):
        yield f"{folder}/{keys.image_file(named_view.name)}", colour_file(zipped, view)
