"""What every reader makes of a view."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image


@dataclasses.dataclass(frozen=True)
class Seen:
    """One view, as a trainer would have it."""

    image: np.ndarray
    """(H, W, 3 or 4), 0 to 1."""
    mask: np.ndarray
    """(H, W) bool: where the object is."""
    project: Callable[[np.ndarray], np.ndarray]
    """World points (N, 3) to pixels (N, 2), the origin at the top left corner of the image."""
    depth: np.ndarray | None = None
    """(H, W), infinite where there is none."""
    extras: dict[str, Any] = dataclasses.field(default_factory=dict)


class Folder:
    """The one folder in a zip."""

    def __init__(self, archive: zipfile.ZipFile, uid: str) -> None:
        self._archive = archive
        self._uid = uid

    def names(self) -> list[str]:
        inside = [name.partition("/") for name in self._archive.namelist()]
        assert {folder for folder, _, _ in inside} == {self._uid}
        return [name for _, _, name in inside]

    def read(self, name: str) -> bytes:
        return self._archive.read(f"{self._uid}/{name}")

    def json(self, name: str) -> Any:
        return json.loads(self.read(name))

    def npy(self, name: str) -> np.ndarray:
        return np.load(io.BytesIO(self.read(name)))

    def image(self, name: str) -> np.ndarray:
        """Any image as stored: dtype and channels say what it is."""
        return np.asarray(Image.open(io.BytesIO(self.read(name))))


def pinhole(world_to_camera: np.ndarray, k: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Projection by a 3x4 or 4x4 in OpenCV axes and a 3x3 K in pixels."""

    def project(points: np.ndarray) -> np.ndarray:
        seen = k @ world_to_camera[:3] @ np.c_[points, np.ones(len(points))].T
        return (seen[:2] / seen[2]).T

    return project
