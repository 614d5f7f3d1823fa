"""Where the normalised world lies in the model's own space.

The model stays as its author made it; cameras, positional lights and clip planes are brought to it,
and depths and positions are converted on the way out. So lengths in materials, constraints,
drivers and instances mean what they meant in the file.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from worker.blender.geometry.extent import Array
from worker.contract.camera_layouts import Viewpoint
from worker.contract.recipe import Subject

LEAST_SIDE, MOST_SIDE = 1e-2, 1e5
"""Longest sides that Cycles traces exactly: it moves ray origins by 1e-5, whatever the size."""
FARTHEST = 1e2
"""Longest sides that a model may lie from its origin: float32 then errs by 1e-5 of its size."""


@dataclasses.dataclass(frozen=True)
class Placement:
    """A point p (3,) of the model's space is at ``scale * (p - centre)`` in the world."""

    centre: Array
    scale: float

    def point(self, world: Array) -> Array:
        """The point (3,) of the model's space that is at `world`."""
        return np.asarray(world) / self.scale + self.centre

    def corners(self, low: Array, high: Array) -> Array:
        """World corners (2,3) of the box from `low` to `high` in the model's space."""
        return self.scale * (np.stack([low, high]) - self.centre)

    def viewpoint(self, seen: Viewpoint) -> Viewpoint:
        """The camera `seen` of the world, in the model's space: the same picture."""
        pose, k = seen.camera_to_world.copy(), seen.intrinsics.copy()
        pose[:3, 3] = self.point(pose[:3, 3])
        if seen.projection == "orthographic":  # its K is in pixels per unit of length
            k[0, 0], k[1, 1] = self.scale * k[0, 0], self.scale * k[1, 1]
        return dataclasses.replace(seen, camera_to_world=pose, intrinsics=k)


IDENTITY = Placement(np.zeros(3), 1.0)


def normal_form(subject: Subject, low: Array, high: Array, reach: float) -> Placement:
    """The placement that `subject.normalise` asks for, of a model between `low` and `high` (3,).

    `reach` is the distance of its farthest vertex from the box's centre.
    """
    centre = (low + high) / 2.0
    if subject.normalise == "none":
        return IDENTITY
    if subject.normalise == "unit-sphere":
        return Placement(centre, subject.size / reach)
    return Placement(centre, subject.size / float((high - low).max()))


def is_exact(low: Array, high: Array) -> bool:
    """Whether float32 is exact enough for a model between `low` and `high` (3,)."""
    side = float((high - low).max())
    farthest = float(max(np.abs(low).max(), np.abs(high).max()))
    return LEAST_SIDE <= side <= MOST_SIDE and farthest <= FARTHEST * side
