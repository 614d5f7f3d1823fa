"""What a NeRF layout is, and what all of them write."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from worker.codecs import camera_conventions
from worker.core.errors import Unsupported
from worker.export import images
from worker.export.camera_model import Camera
from worker.export.zips import RenderZip

Files = Iterator[tuple[str, bytes]]
"""Names, relative to the data set, and contents."""
Views = list[Camera]


class Scene(msgspec.Struct, frozen=True):
    """One object as a NeRF's scene."""

    zip: RenderZip
    splits: dict[str, Views]
    """The views of "train", "val" and "test", in the zip's order."""
    category: str
    """Of an object whose metadata names none."""

    @property
    def folder(self) -> str:
        """Where a layout with a folder for each object has it."""
        return self.zip.uid


class NerfLayout(msgspec.Struct, frozen=True):
    """How one reader wants its files."""

    files: Callable[[Scene], Files]
    turntable: Callable[[Scene], str]
    """The name of the film that goes along."""


def own_folder(scene: Scene) -> str:
    """The film's name in a layout with a folder for each object."""
    return f"{scene.folder}/turntable.gif"


def colour_file(zipped: RenderZip, view: Camera) -> bytes:
    """The colour image, byte for byte as it is in the zip, once it has decoded.

    Raises: Unsupported, RenderFailed.
    """
    images.colour(zipped, view)
    return zipped.read(view.files[images.colour_kind(zipped)])


def angle_x(zipped: RenderZip, views: Views) -> float:
    """The horizontal field of view that all views share, radians. Raises: Unsupported."""
    first = shared_camera(zipped, views)
    return camera_conventions.fov(first.K, *first.size)[0]


def shared_camera(zipped: RenderZip, views: Views) -> Camera:
    """A view whose K and size all share, for layouts with one of them. Raises: Unsupported."""
    first = views[0]
    if any((view.K, view.size) != (first.K, first.size) for view in views):
        raise Unsupported(
            f"the views of {zipped.uid} have different fields of view or sizes, this layout has "
            "one for all; layout nerfstudio has one for each"
        )
    return first


def reach(zipped: RenderZip) -> float:
    """Half the side of the cube around the origin that holds the object; 0.5 for a unit cube."""
    placement = zipped.cameras.placement
    corners = [] if placement is None else [abs(value) for row in placement.bbox for value in row]
    return max([0.5, *corners])
