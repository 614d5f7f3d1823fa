"""The export kind `nerf`: one scene per object, in the layout of a radiance field trainer.

The layouts are in `worker.export.layouts`. Every scene comes with a turntable GIF.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Final, Literal

import msgspec
import numpy as np
from PIL import Image

from worker.core.errors import Unsupported
from worker.export import splits, turntable
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.clouds import ply
from worker.export.layouts import NERF_LAYOUTS, get3d
from worker.export.layouts.base import Scene


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
        names = []
        for name, data in layout.files(scene):
            _write(folder / name, data)
            names.append(name)
        film = layout.turntable(scene)
        _write(folder / film, turntable.gif(scene.zip))
        return [*names, film]

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check that all files decode and that paths in JSON name written files.

        Raises: NotAsWritten.
        """
        written = set(files)
        if len(written) != len(files) or count != 1:
            raise NotAsWritten("two files have the same name")
        for name in files:
            reader = READERS.get(PurePosixPath(name).suffix)
            try:
                found = reader((folder / name).read_bytes()) if reader else None
            except (ValueError, OSError, SyntaxError) as error:
                raise NotAsWritten(f"{name}: {error}") from error
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


def _read_points(data: bytes) -> None:
    """Check that a PLY has points, all finite. Raises: ValueError."""
    found = ply.read_binary(data)
    if not len(found.xyz) or not np.isfinite(found.xyz).all():
        raise ValueError("it has no points, or points that are not finite")


def _read_image(data: bytes) -> None:
    with Image.open(io.BytesIO(data), formats=("PNG", "GIF")) as image:
        image.load()


READERS: Final[dict[str, Callable[[bytes], Any]]] = {
    ".png": _read_image,
    ".gif": _read_image,
    ".json": json.loads,
    ".ply": _read_points,
    ".npy": lambda data: np.load(io.BytesIO(data), allow_pickle=False),
    ".txt": lambda data: np.loadtxt(io.BytesIO(data)),
}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
