"""Boxes around all that will be seen, and the window of a frame that they can be seen in.

They hold the vertices, as `extent` measures them; their convex hull holds the faces between. Where
vertices alone do not say what is seen, or a pixel depends on others, there is no hull, and every
frame is rendered whole.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Iterator, Optional

import bpy
import numpy as np

from worker.blender import compat
from worker.blender.geometry import extent, modifiers
from worker.blender.geometry.extent import Array
from worker.blender.views.render_region import RenderRegion, whole
from worker.contract.camera_layouts import Viewpoint
from worker.contract.recipe import Recipe

BOUNDED_TYPES = frozenset({"MESH", "EMPTY", "ARMATURE", "CAMERA", "LATTICE", "LIGHT"})
"""Objects that are where their vertices are, or are not seen."""
MOVING = ("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale",
          "value", "eval_time")  # fmt: skip
"""What may be animated: where things are, and shape keys. Not whether they are seen."""
PADDING = 2
"""Pixels beyond the filter's reach: for rounding, and neighbours that adaptive sampling joins."""
WORTH = 0.9
"""A window of more than this share of the frame saves nothing."""
FINEST = 1e6
"""Most pixels that a camera's distance may cover: beyond, float32 errs by pixels."""
FOLLOWING = frozenset({"FOLLOW_TRACK", "OBJECT_SOLVER", "CAMERA_SOLVER"})
"""Constraints that go by the scene's camera, which is not there yet."""
TILE = 2048
"""Cycles renders larger frames in tiles; adaptive sampling joins no pixels across their seams."""


@dataclasses.dataclass(frozen=True)
class VisibleBounds:
    """Boxes: their centres (N,3) in the world, and half their sides (3,).

    padding: pixels around what they cover in which they still count, by the pixel filter.
    """

    centres: Array
    half: Array
    padding: int

    def window(self, viewpoint: Viewpoint) -> RenderRegion:
        """What `viewpoint` can see of the boxes, or the whole frame."""
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
            sign = 1.0 if axis == 0 else -1.0  # rows go down, the camera's y axis up
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


def around(
    recipe: Recipe, rig: str, low: Array, high: Array, frames: list[int]
) -> Optional[VisibleBounds]:
    """Hull of the scene as it will be rendered, lit by `rig`, from `low` to `high`, (3,) each.

    None where vertices do not tell, or something is not between those.
    """
    items: list[Any] = list(bpy.data.objects)
    if (
        recipe.cycles.denoise  # it looks at the whole picture
        or (recipe.cycles.adaptive and max(recipe.resolution) > TILE)
        or rig == "own"  # lamps that a camera may see
        or any(item.type not in BOUNDED_TYPES or item.particle_systems for item in items)
        or any(each.type in FOLLOWING for item in items for each in item.constraints)
        or not modifiers.are_measured(items)
        or compat.displaces()
        or any(path.rpartition(".")[2] not in MOVING for path in _animated())
    ):
        return None
    found = extent.boxes(low, high, frames)
    if found is None:
        return None
    # Cycles' Blackman-Harris filter reaches as far as it is said to be wide.
    return VisibleBounds(*found, padding=math.ceil(recipe.cycles.filter_width) + PADDING)


def _animated() -> Iterator[str]:
    """Data paths of all that moves by itself; a driver's is told as "driver"."""
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
