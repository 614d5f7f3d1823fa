"""What a published zip shows: how far it reaches, the colours of its sides, what it says of itself.

Distances come from depth, taken back into the world by the stored K and pose.
"""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.truth import cube

Array = npt.NDArray[Any]
PLACES = [
    [1.3, -1.5, 1.0], [-1.4, 1.3, -1.0], [2.2, 0.01, 0.01], [-2.2, 0.01, 0.01],
    [0.01, 2.2, 0.02], [0.02, -2.2, 0.01],
]  # fmt: skip
"""Cameras that see every side of a unit cube, four of them square on."""
RECIPE: dict[str, Any] = {
    "extends": "default",
    "name": "look",
    "views": len(PLACES),
    "resolution": 64,
    "samples": 8,
    "images": ["colour", "albedo", "depth-npy", "normal"],
    "records": ["cameras"],
    "camera": {"layout": "fixed", "distance": "drawn", "fixed": PLACES},
}
HALF, WHOLE = 127, 250
"""8-bit alpha of pixels half and wholly covered."""
SQUARE = 0.98
"""Cosine from which on a normal is a side's."""


class Look:
    """One object's zip: its files by name."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self.metadata = json.loads(files["metadata.json"])
        self._views = json.loads(files["cameras.json"])["views"]

    @classmethod
    def opened(cls, path: Path, uid: str) -> Look:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            return cls({name.removeprefix(f"{uid}/"): archive.read(name) for name in names})

    @functools.cached_property
    def points(self) -> Array:
        """All points seen, in the world (N,3)."""
        return np.concatenate([self._points(view) for view in self._views])

    def box(self) -> tuple[Array, Array]:
        """Corners (3,) (3,) of what is seen."""
        return self.points.min(axis=0), self.points.max(axis=0)

    def coverage(self) -> float:
        """Mean share of pixels more than half covered."""
        covered = [self._image(view, "colour")[..., 3] > HALF for view in self._views]
        return float(np.mean(covered))

    def sides(self, image: str = "albedo") -> dict[tuple[int, int, int], Array]:
        """The median 8-bit colour of the pixels wholly on each of the cube's sides, if any."""
        found = {}
        for side in cube.SIDES:
            pixels = np.concatenate([self._on(view, side, image) for view in self._views])
            if len(pixels):
                found[side] = np.median(pixels, axis=0)
        return found

    def inside(self, image: str) -> Array:
        """The pixels (N,channels) more than half covered, of all views."""
        return np.concatenate(
            [
                self._image(view, image)[self._image(view, "colour")[..., 3] > HALF]
                for view in self._views
            ]
        )

    def _on(self, view: dict[str, Any], side: tuple[int, int, int], image: str) -> Array:
        whole = self._image(view, "colour")[..., 3] > WHOLE
        normal = self._image(view, "normal") / 255 * 2 - 1
        return self._image(view, image)[whole & (normal @ np.array(side) > SQUARE)][:, :3]

    def _points(self, view: dict[str, Any]) -> Array:
        depth = np.load(io.BytesIO(self._files[view["files"]["depth-npy"]]))
        v, u = np.nonzero(np.isfinite(depth))
        z = depth[v, u]
        rays = np.linalg.inv(np.array(view["K"])) @ np.stack([u + 0.5, v + 0.5, np.ones(len(u))])
        flat = rays[:2] * z if view["projection"] == "perspective" else rays[:2]
        local = np.stack([flat[0], -flat[1], -z, np.ones(len(u))])
        found: Array = (np.array(view["camera_to_world"]) @ local)[:3].T
        return found

    def _image(self, view: dict[str, Any], kind: str) -> Array:
        return np.asarray(Image.open(io.BytesIO(self._files[view["files"][kind]])))
