"""Bounds all visible geometry by boxes, and finds the part of each frame that can show them.

The boxes contain the vertices, as measured by `extent`; the convex hull of the boxes contains the
faces. If vertices alone do not bound what is visible, or if pixels depend on each other, there are
no bounds and every frame is rendered whole.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Iterator, Optional

import bpy
import numpy as np

from worker.blender import compat
from worker.blender.geometry import modifiers
from worker.blender.geometry.extent import Array, Extent
from worker.blender.views.render_region import RenderRegion, whole
from worker.contract.camera_layouts import Viewpoint
from worker.contract.recipe import Recipe

BOUNDED_TYPES = frozenset({"MESH", "EMPTY", "ARMATURE", "CAMERA", "LATTICE", "LIGHT"})
"""Types of objects that their vertices bound, or that are never visible."""
MOVING = ("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale",
          "value", "eval_time")  # fmt: skip
"""Properties that may be animated: transforms and shape keys, but not visibility."""
PADDING = 2
"""Pixels added to the filter width, for rounding and for neighbours in adaptive sampling."""
WORTH = 0.9
"""Largest share of the frame for which a smaller region saves time."""
FINEST = 1e6
"""Limit on the camera's distance in pixels; beyond it, float32 errors reach whole pixels."""
FOLLOWING = frozenset({"FOLLOW_TRACK", "OBJECT_SOLVER", "CAMERA_SOLVER"})
"""Constraints that depend on the scene's camera, which does not exist yet."""
TILE = 2048
"""Cycles renders larger frames in tiles, and adaptive sampling does not cross tile borders."""


@dataclasses.dataclass(frozen=True)
class VisibleBounds:
    """Boxes of one size: their centres (N,3) in the scene's coordinates, and half their sides (3,).

    padding: width in pixels of the border around the boxes that the pixel filter can reach.
    """

    centres: Array
    half: Array
    padding: int

    def region(self, viewpoint: Viewpoint) -> RenderRegion:
        """Return the region of the frame in which `viewpoint` can see the boxes.

        It is the whole frame if a smaller region is unsafe or saves no time.
        """
        pose, k = viewpoint.camera_to_world, viewpoint.intrinsics
        turn = pose[:3, :3]
        seen = (self.centres - pose[:3, 3]) @ turn
        room = self.half @ np.abs(turn)
        near, far = -seen[:, 2] - room[2], -seen[:, 2] + room[2]
        if viewpoint.projection == "orthographic":
            near = far = np.ones(len(seen))
        nearest = near.min()
        if not (nearest > 0.0 and k[0, 0] * np.linalg.norm(pose[:3, 3]) < FINEST * nearest):
            return whole(viewpoint)
        spans = []
        for axis, size in ((0, viewpoint.width), (1, viewpoint.height)):
            low, high = seen[:, axis] - room[axis], seen[:, axis] + room[axis]
            low = (low / np.where(low < 0.0, near, far)).min()
            high = (high / np.where(high > 0.0, near, far)).max()
            sign = 1.0 if axis == 0 else -1.0  # rows count down, the camera's y axis points up
            ends = sorted(k[axis, 2] + sign * k[axis, axis] * end for end in (low, high))
            first = max(0, math.floor(ends[0]) - self.padding)
            last = min(size, math.ceil(ends[1]) + self.padding)
            if first >= last:
                return whole(viewpoint)
            spans.append((first, last - first))
        (left, width), (top, height) = spans
        if width * height > WORTH * viewpoint.width * viewpoint.height:
            return whole(viewpoint)
        return RenderRegion(left, top, width, height)


def around(recipe: Recipe, rig: str, measured: Extent) -> Optional[VisibleBounds]:
    """Return the bounds of the scene as `measured`, which will be rendered, lit by `rig`.

    Returns None if vertices do not bound what is visible. Raises: ObjectFault("empty").
    """
    items: list[Any] = list(bpy.data.objects)
    if (
        recipe.cycles.denoise  # a denoiser uses the whole picture
        or (recipe.cycles.adaptive and max(recipe.resolution) > TILE)
        or rig == "own"  # lamps that a camera may see
        or any(item.type not in BOUNDED_TYPES or item.particle_systems for item in items)
        or any(each.type in FOLLOWING for item in items for each in item.constraints)
        or not modifiers.are_measured(items)
        or compat.displaces()
        or any(path.rpartition(".")[2] not in MOVING for path in _animated())
    ):
        return None
    found = measured.boxes()
    if found is None:
        return None
    # The reach of Cycles' Blackman-Harris filter equals its nominal width.
    return VisibleBounds(*found, padding=math.ceil(recipe.cycles.filter_width) + PADDING)


def _animated() -> Iterator[str]:
    """Yield the data paths of all animated properties, and "driver" for an owner with drivers."""
    for action in list(bpy.data.actions):
        yield from (curve.data_path for curve in compat.curves(action))
    owners: list[Any] = [
        *bpy.data.objects, *bpy.data.meshes, *bpy.data.armatures, *bpy.data.lattices,
        *bpy.data.shape_keys, *bpy.data.materials, *bpy.data.textures, *bpy.data.node_groups,
    ]  # fmt: skip
    owners += [owner.node_tree for owner in owners if getattr(owner, "node_tree", None)]
    for owner in owners:
        if owner.animation_data is not None and owner.animation_data.drivers:
            yield "driver"
