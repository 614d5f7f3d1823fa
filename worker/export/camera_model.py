"""``cameras.json`` as exports take it: the views, and where the object stands."""

from __future__ import annotations

from typing import Any

import msgspec

from worker.contract.protocol import View
from worker.pack import placement

Row = tuple[float, float, float]
Row4 = tuple[float, float, float, float]


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """A view, as ``cameras.json`` has it; see `worker.pack.records.cameras`."""

    name: str
    camera_to_world: tuple[Row4, Row4, Row4, Row4]
    K: tuple[Row, Row, Row]
    width: int
    height: int
    projection: str
    files: dict[str, str]
    facts: dict[str, dict[str, Any]] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the images."""
        return self.width, self.height

    @property
    def as_view(self) -> View:
        """The same view as the worker's camera records take it."""
        return View(
            name=self.name,
            camera_to_world=[list(row) for row in self.camera_to_world],
            intrinsics=[list(row) for row in self.K],
            width=self.width,
            height=self.height,
            projection=self.projection,
            files={},
        )


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where the object stands in the world of its cameras."""

    scale: float
    offset: Row
    bbox: tuple[Row, Row]

    @property
    def possible(self) -> bool:
        """Whether an object can stand so."""
        return placement.possible(self.scale, self.offset, *self.bbox)


class Cameras(msgspec.Struct, frozen=True, kw_only=True):
    """``cameras.json``."""

    version: int
    unit: str = ""
    placement: Placement | None = None
    splits: dict[str, int] | None = None
    views: tuple[Camera, ...]
