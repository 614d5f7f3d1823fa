"""The part of the frame that the object can be seen in; no ray is traced outside it.

Most rays of a usual view see nothing, and cost a third of a small render. A pixel of the window
comes out as in the whole frame, bit for bit; around it there is what a ray sees that meets nothing.
Where something might be seen that `extent` has not measured, the window is the whole frame.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import bpy
import numpy as np

from worker.blender import compat, extent, lights, modifiers
from worker.blender.extent import Array
from worker.blender.layouts import Viewpoint
from worker.blender.recipe import Recipe

MEASURED = frozenset({"MESH", "EMPTY", "ARMATURE", "CAMERA", "LATTICE", "LIGHT"})
"""Kinds of objects that are where their vertices are, or are not seen."""
SPARE = 2
"""Pixels around what the filter reaches: for rounding, and those whose noise a neighbour shares."""
WORTH = 0.9
"""A window of more than this share of the frame saves nothing."""


@dataclasses.dataclass(frozen=True)
class Window:
    """Pixels of the frame, from its top left corner."""

    left: int
    top: int
    width: int
    height: int

    def sides(self) -> list[int]:
        """As `messages.View.window` has them."""
        return [self.left, self.top, self.width, self.height]


@dataclasses.dataclass(frozen=True)
class Outline:
    """Boxes that hold all there is to see: their centres (N,3) in the world, half their sides (3,).

    rim: how many pixels beyond its surface the object still counts, by the pixel filter.
    """

    centres: Array
    half: Array
    rim: int

    def placed(self, centre: Array, scale: float) -> Outline:
        """The same of an object that is moved and scaled as `scene.normalise` does it."""
        return Outline(scale * (self.centres - centre), scale * self.half, self.rim)

    def window(self, viewpoint: Viewpoint) -> Window:
        """What `viewpoint` can see of the boxes, or the whole frame."""
        width, height = viewpoint.width, viewpoint.height
        pose, k = viewpoint.camera_to_world, viewpoint.intrinsics
        turn = pose[:3, :3]
        seen = (self.centres - pose[:3, 3]) @ turn
        room = self.half @ np.abs(turn)
        near, far = -seen[:, 2] - room[2], -seen[:, 2] + room[2]
        if viewpoint.projection == "orthographic":
            near = far = np.ones(len(seen))
        elif not near.min() > 0.0:
            return whole(viewpoint)
        ends = []
        for axis, size in ((0, width), (1, height)):
            low, high = seen[:, axis] - room[axis], seen[:, axis] + room[axis]
            low = (low / np.where(low < 0.0, near, far)).min()
            high = (high / np.where(high > 0.0, near, far)).max()
            sign = 1.0 if axis == 0 else -1.0  # rows go down, the camera's y axis up
            pixels = sorted(k[axis, 2] + sign * k[axis, axis] * end for end in (low, high))
            first = max(0, math.floor(pixels[0]) - self.rim)
            last = min(size, math.ceil(pixels[1]) + self.rim)
            if first >= last:
                return whole(viewpoint)
            ends.append((first, last - first))
        (left, wide), (top, tall) = ends
        if wide * tall > WORTH * width * height:
            return whole(viewpoint)
        return Window(left, top, wide, tall)


def whole(viewpoint: Viewpoint) -> Window:
    """The frame."""
    return Window(0, 0, viewpoint.width, viewpoint.height)


def outline(
    recipe: Recipe, rig: str, box: tuple[Array, Array], frames: list[int]
) -> Outline | None:
    """Of all that is in the scene, whose bounds are `box`.

    None where vertices alone do not say what is seen, or where a pixel depends on those around it:
    a denoiser looks at the whole picture.
    """
    items: list[Any] = list(bpy.data.objects)
    if (
        recipe.cycles.denoise
        or rig not in lights.UNSEEN
        or any(item.type not in MEASURED or item.particle_systems for item in items)
        or not modifiers.are_measured(items)
        or compat.displaces()
    ):
        return None
    return Outline(
        *extent.boxes(*box, frames), rim=math.ceil(recipe.cycles.filter_width / 2.0) + SPARE
    )


def open_on(scene: Any, window: Window, viewpoint: Viewpoint) -> None:
    """Render only the window, into pictures of its size."""
    render = scene.render
    render.use_border = render.use_crop_to_border = window != whole(viewpoint)
    # Blender cuts fractions off: a quarter of a pixel more ends on the pixel that is meant.
    render.border_min_x = (window.left + 0.25) / viewpoint.width
    render.border_max_x = (window.left + window.width + 0.25) / viewpoint.width
    bottom = viewpoint.height - window.top - window.height
    render.border_min_y = (bottom + 0.25) / viewpoint.height
    render.border_max_y = (bottom + window.height + 0.25) / viewpoint.height
