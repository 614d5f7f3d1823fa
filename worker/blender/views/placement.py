"""Maps between the normalised world and the model's own space.

The model is not transformed. Instead, cameras, positional lights and clip planes are transformed
into its space, and depths and positions are converted afterwards. So lengths in materials,
constraints, drivers and instances keep the meaning that they have in the file.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from worker.blender.geometry.extent import Array
from worker.contract.camera_layouts import Viewpoint
from worker.contract.protocol import View
from worker.contract.recipe import Subject

LEAST_SIDE, MOST_SIDE = 1e-2, 1e5
"""Range of the longest side in which Cycles traces accurately.

Cycles offsets ray origins by 1e-5, whatever the size of the model.
"""
FARTHEST = 1e2
"""Maximum distance of a model from its origin, in longest sides.

At this distance the float32 error is 1e-5 of the model's size.
"""


@dataclasses.dataclass(frozen=True)
class Placement:
    """The similarity that maps p (3,) in model space to ``scale * (p - centre)`` in the world."""

    centre: Array
    scale: float

    def point(self, world: Array) -> Array:
        """Map the point `world` (3,) to model space (3,)."""
        return np.asarray(world) / self.scale + self.centre

    def corners(self, low: Array, high: Array) -> Array:
        """Map the box from `low` to `high` (3,) in model space to its world corners (2,3)."""
        return self.scale * (np.stack([low, high]) - self.centre)

    def viewpoint(self, seen: Viewpoint) -> Viewpoint:
        """Map the world camera `seen` to model space; it takes the same picture there."""
        pose, k = seen.camera_to_world.copy(), seen.intrinsics.copy()
        pose[:3, 3] = self.point(pose[:3, 3])
        if seen.projection == "orthographic":  # focal lengths in pixels per unit of length
            k[0, 0], k[1, 1] = self.scale * k[0, 0], self.scale * k[1, 1]
        return dataclasses.replace(seen, camera_to_world=pose, intrinsics=k)

    def raw(self, view: View) -> View:
        """The same `view`, whose raw files were made in model space."""
        offset = (-self.scale * self.centre).tolist()
        return dataclasses.replace(view, raw_scale=self.scale, raw_offset=offset)


IDENTITY = Placement(np.zeros(3), 1.0)


def normal_form(subject: Subject, low: Array, high: Array, reach: float) -> Placement:
    """Return the placement that `subject.normalise` asks for.

    `low`, `high` (3,): the model's bounding box. `reach`: the distance of its farthest vertex from
    the centre of the box.
    """
    centre = (low + high) / 2.0
    if subject.normalise == "none":
        return IDENTITY
    if subject.normalise == "unit-sphere":
        return Placement(centre, subject.size / reach)
    return Placement(centre, subject.size / float((high - low).max()))


def is_exact(low: Array, high: Array) -> bool:
    """Whether float32 is accurate enough for a model with the bounding box `low`, `high` (3,)."""
    side = float((high - low).max())
    farthest = float(max(np.abs(low).max(), np.abs(high).max()))
    return LEAST_SIDE <= side <= MOST_SIDE and farthest <= FARTHEST * side
