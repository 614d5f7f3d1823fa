"""Scenes to train radiance fields on: one object a scene, in the layout of a trainer's reader.

The layouts are in `worker.export.layouts`; a turntable GIF goes along with each object.
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

    layout: Literal["blender", "nsvf", "nerfstudio", "instant-ngp", "get3d"] = "blender"
    splits: str | None = None
    """train,val,test as counts or shares; see `worker.export.splits`."""
    category: str = "objects"
    """Layout get3d: the synset of objects that are in none."""

    def __post_init__(self) -> None:
        """Refuse splits that make no sense, and what is no folder's name. Raises: ValueError."""
        if self.splits is not None:
            splits.parsed(self.splits)
        if not get3d.SAFE.fullmatch(self.category):
            raise ValueError(f"--category {self.category!r} cannot be a folder's name")

    @property
    def grouping(self) -> Grouping | None:
        """Every object has its own files."""
        return None

    def convert(self, item: Item) -> Scene:
        """The scene, its views split. Raises: Unsupported."""
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
        """One object's files. Raises: Unsupported, RenderFailed."""
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
        """Images, arrays and points decode, JSON parses, and its paths lead to files."""
        written = set(files)
        if len(written) != len(files) or count != 1:
            raise NotAsWritten("two files of one name")
        for name in files:
            reader = READERS.get(PurePosixPath(name).suffix)
            try:
                found = reader((folder / name).read_bytes()) if reader else None
            except (ValueError, OSError, SyntaxError) as error:
                raise NotAsWritten(f"{name}: {error}") from error
            if isinstance(found, dict):
                _check_paths(name, found, written)


def _check_paths(name: str, document: dict[str, Any], written: set[str]) -> None:
    """Files that it names, and every frame's, are among those written. Raises: NotAsWritten."""
    base = PurePosixPath(name).parent
    points = document.get("ply_file_path")
    if points is not None and str(base / points) not in written:
        raise NotAsWritten(f"{name} names {points}, which is not there")
    for frame in document["frames"]:
        for key in ("file_path", "mask_path", "depth_path", "depth_file_path"):
            if key not in frame:
                continue
            path = str(base / frame[key])
            if path not in written and f"{path}.png" not in written:
                raise NotAsWritten(f"{name} names {frame[key]}, which is not there")
        if np.asarray(frame["transform_matrix"]).shape != (4, 4):
            raise NotAsWritten(f"{name}: a transform_matrix that is not 4x4")


def _read_points(data: bytes) -> None:
    """Raises: ValueError."""
    found = ply.read_binary(data)
    if not len(found.xyz) or not np.isfinite(found.xyz).all():
        raise ValueError("points that are nowhere, or none")


def _read_image(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
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
