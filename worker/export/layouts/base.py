"""The interface of a NeRF layout, and helpers that layouts share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from worker.codecs import camera_conventions
from worker.contract import camera_layouts
from worker.core.errors import Unsupported
from worker.export import images
from worker.export.camera_model import Camera
from worker.export.zips import RenderZip

SAME: Final = 1e-6
"""Relative difference of focal lengths, and of centres, that counts as none."""
Files = Iterator[tuple[str, bytes]]
"""Paths relative to the data set, and file contents."""
Views = list[Camera]


class Scene(msgspec.Struct, frozen=True):
    """One object as a scene for a NeRF trainer."""

    zip: RenderZip
    splits: dict[str, Views]
    """The views of "train", "val" and "test", in the zip's order."""
    category: str
    """The category of an object whose metadata names none."""

    @property
    def folder(self) -> str:
        """The object's folder, in layouts that have one per object."""
        return self.zip.uid


class NerfLayout(msgspec.Struct, frozen=True):
    """The file layout of one reader."""

    files: Callable[[Scene], Files]
    """Makes a scene's files. Raises: Unsupported, RenderFailed."""
    turntable: Callable[[Scene], str]
    """Returns the path of the scene's turntable GIF."""


def own_folder(scene: Scene) -> str:
    """The path of the turntable GIF, in layouts with one folder per object."""
    return f"{scene.folder}/turntable.gif"


def colour_file(zipped: RenderZip, view: Camera) -> bytes:
    """The colour image's file, byte for byte, checked to decode.

    Raises: Unsupported, RenderFailed.
    """
    images.colour(zipped, view)
    return zipped.read(view.files[images.colour_kind(zipped)])


def angle_x(zipped: RenderZip, views: Views) -> float:
    """The horizontal field of view that all views share, in radians.

    Raises: Unsupported, also if K has more than a field of view.
    """
    first = shared_camera(zipped, views)
    (fx, _, cx), (_, fy, cy), _ = first.K
    wanted = camera_layouts.intrinsics(60.0, *first.size)
    if abs(fx / fy - 1.0) > SAME or abs(cx - wanted[0, 2]) + abs(cy - wanted[1, 2]) > SAME * cx:
        raise Unsupported(
            f"K of {zipped.uid} has pixels that are not square, or a centre that is not the "
            "image's, which this layout cannot store; use --layout nerfstudio"
        )
    return camera_conventions.fov(first.K, *first.size)[0]


def shared_camera(zipped: RenderZip, views: Views) -> Camera:
    """The first view, whose K and size all others must share.

    For layouts that have only one K. Raises: Unsupported.
    """
    first = views[0]
    if any((view.K, view.size) != (first.K, first.size) for view in views):
        raise Unsupported(
            f"the views of {zipped.uid} have different fields of view or sizes, but this layout "
            "allows only one; use --layout nerfstudio"
        )
    return first


def reach(zipped: RenderZip) -> float:
    """Half the side of the smallest cube around the origin that holds the object; at least 0.5.

    In world units.
    """
    placement = zipped.cameras.placement
    corners = [] if placement is None else [abs(value) for row in placement.bbox for value in row]
    return max([0.5, *corners])
