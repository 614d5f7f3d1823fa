"""What a published zip shows: how far it reaches, the colours of its sides, what it says of itself.

Distances come from depth, taken back into the world by the stored K and pose.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import zipfile
from collections.abc import Iterator
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
SQUARE = 0.98
"""Cosine from which on a normal is a side's."""


@dataclasses.dataclass(frozen=True)
class View:
    """A view's images, and its points in the world."""

    colour: Array
    """(H,W,4), 8-bit."""
    albedo: Array
    normal: Array
    """(H,W,3), -1 to 1."""
    points: Array
    """(N,3)."""


class Look:
    """One zip."""

    def __init__(self, path: Path, uid: str) -> None:
        with zipfile.ZipFile(path) as archive:
            self._files = {
                name.removeprefix(f"{uid}/"): archive.read(name) for name in archive.namelist()
            }
        self.metadata = json.loads(self._files["metadata.json"])

    @functools.cached_property
    def views(self) -> list[View]:
        return [self._view(entry) for entry in json.loads(self._files["cameras.json"])["views"]]

    @functools.cached_property
    def points(self) -> Array:
        """All points seen, in the world (N,3)."""
        return np.concatenate([view.points for view in self.views])

    def box(self) -> tuple[Array, Array]:
        """Corners (3,) (3,) of what is seen."""
        return self.points.min(axis=0), self.points.max(axis=0)

    def coverage(self) -> float:
        """Mean share of pixels more than half covered."""
        return float(np.mean([(view.colour[..., 3] > 127).mean() for view in self.views]))

    def sides(self, image: str = "albedo") -> dict[tuple[int, int, int], Array]:
        """The median 8-bit colour of the pixels wholly on each of the cube's sides, if any."""
        found = {}
        for side in cube.SIDES:
            pixels = np.concatenate([*self._on(side, image)])
            if len(pixels):
                found[side] = np.median(pixels, axis=0)
        return found

    def _on(self, side: tuple[int, int, int], image: str) -> Iterator[Array]:
        for view in self.views:
            seen = (view.colour[..., 3] > 250) & (view.normal @ np.array(side) > SQUARE)
            yield getattr(view, image)[seen][:, :3]

    def _view(self, entry: dict[str, Any]) -> View:
        files = entry["files"]
        depth = np.load(io.BytesIO(self._files[files["depth-npy"]]))
        v, u = np.nonzero(np.isfinite(depth) & (depth < 1e9))
        rays = np.linalg.inv(np.array(entry["K"])) @ np.stack([u + 0.5, v + 0.5, np.ones(len(u))])
        local = np.vstack([rays * depth[v, u] * [[1], [-1], [-1]], np.ones(len(u))])
        return View(
            colour=self._image(files["colour"]),
            albedo=self._image(files["albedo"]),
            normal=self._image(files["normal"]) / 255 * 2 - 1,
            points=(np.array(entry["camera_to_world"]) @ local)[:3].T,
        )

    def _image(self, name: str) -> Array:
        return np.asarray(Image.open(io.BytesIO(self._files[name])))
