"""The export kind `nerf`: one scene per object, in the layout of a radiance field trainer.

The layouts are in `worker.export.layouts`. Every scene comes with a turntable GIF.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Final, Literal

import msgspec
import numpy as np

from worker.core.errors import Unsupported
from worker.export import distances, object_files, splits, turntable
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.layouts import NERF_LAYOUTS, get3d
from worker.export.layouts.base import Scene

ONE_DISTANCE: Final = frozenset({"blender", "get3d"})
"""Layouts with readers that discard the cameras' distances: ngp_pl and the ShapeNet tutorial's put
each camera at 1.5, GET3D all at the distance in its own configuration."""


class Nerf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = False
    keeps_failed: ClassVar[bool] = False
    duplicates: ClassVar[bool] = False

    layout: Literal["blender", "nsvf", "nerfstudio", "instant-ngp", "get3d"] = "blender"
    splits: str | None = None
    """"train,val,test" as counts or fractions; see `worker.export.splits`."""
    category: str = "objects"
    """For layout get3d: the synset of objects whose metadata names none."""
    mixed_radii: bool = False
    """For layouts of `ONE_DISTANCE`: whether cameras may be at different distances."""

    def __post_init__(self) -> None:
        """Check the splits, and that the category can be a folder name. Raises: ValueError."""
        if self.splits is not None:
            splits.parsed(self.splits)
        if not get3d.SAFE.fullmatch(self.category):
            raise ValueError(f"--category {self.category!r} cannot be a folder name")

    @property
    def grouping(self) -> Grouping | None:
        """None: every object has its own files."""
        return None

    def convert(self, item: Item) -> Scene:
        """Split the views of one object. Raises: Unsupported, RenderFailed."""
        zipped = item.rendered
        for view in zipped.views:
            if view.projection != "perspective":
                raise Unsupported(f"view {view.name} is {view.projection}, not perspective")
        if self.layout in ONE_DISTANCE and not self.mixed_radii:
            found = distances.of_views(zipped.views)
            if not distances.one(found):
                raise Unsupported(
                    f"the cameras are {min(found):.3g} to {max(found):.3g} from the origin, but "
                    "readers of this layout put all at one distance; --mixed-radii exports as it "
                    "is, --layout nerfstudio takes any"
                )
        parts = splits.of(zipped, self.splits)
        return Scene(
            zipped,
            {name: [zipped.views[number] for number in part] for name, part in parts.items()},
            self.category,
        )

    def write(self, unit: str, parts: Iterable[Scene], folder: Path) -> list[str]:  # noqa: ARG002 - the scene knows its name
        """Write one object's files. Raises: Unsupported, RenderFailed."""
        (scene,) = parts
        layout = NERF_LAYOUTS[self.layout]
        names = object_files.write(folder, layout.files(scene))
        film = layout.turntable(scene), turntable.gif(scene.zip)
        return names + object_files.write(folder, [film])

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check that all files decode and that paths in JSON name written files.

        Raises: NotAsWritten.
        """
        if count != 1:
            raise NotAsWritten(f"the files are of one object, not {count}")
        written = set(files)
        for name, found in object_files.read_back(folder, files).items():
            if isinstance(found, dict):
                _check_paths(name, found, written)


def _check_paths(name: str, document: dict[str, Any], written: set[str]) -> None:
    """Check that the files named by a transforms file were written. Raises: NotAsWritten."""
    base = PurePosixPath(name).parent
    points = document.get("ply_file_path")
    if points is not None and str(base / points) not in written:
        raise NotAsWritten(f"{name} names {points}, which was not written")
    for frame in document["frames"]:
        for key in ("file_path", "mask_path", "depth_path", "depth_file_path"):
            if key not in frame:
                continue
            path = str(base / frame[key])
            if path not in written and f"{path}.png" not in written:
                raise NotAsWritten(f"{name} names {frame[key]}, which was not written")
        if np.asarray(frame["transform_matrix"]).shape != (4, 4):
            raise NotAsWritten(f"{name}: a transform_matrix that is not 4x4")
