"""``cameras.json`` as exports read it: the views and the object's placement."""

from __future__ import annotations

from typing import Any

import msgspec

from worker.contract.protocol import View
from worker.pack import placement

Row = tuple[float, float, float]
Row4 = tuple[float, float, float, float]


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """A view of ``cameras.json``; see `worker.pack.records.cameras` for units and frames."""

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
        """Width and height of the images in pixels."""
        return self.width, self.height

    @property
    def as_view(self) -> View:
        """The same view in the form that view records take."""
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
    """A point of the imported file is at ``point * scale + offset`` in the world.

    `bbox` is the object's bounding box in the world: (min, max).
    """

    scale: float
    offset: Row
    bbox: tuple[Row, Row]

    @property
    def possible(self) -> bool:
        """Whether the numbers are those of a real object; see `worker.pack.placement.possible`."""
        return placement.possible(self.scale, self.offset, *self.bbox)


class Cameras(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of ``cameras.json``; see `worker.pack.records.cameras`."""

    version: int
    unit: str = ""
    placement: Placement | None = None
    splits: dict[str, int] | None = None
    views: tuple[Camera, ...]
