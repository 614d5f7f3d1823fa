"""Where the cameras stand: a table of layouts. Free of bpy, so the host can draw the same views.

World: Z up, right-handed. A camera is a camera-to-world 4x4 in OpenGL axes (x right, y up,
looking down -z) with a 3x3 K in pixels.
"""

from __future__ import annotations

import dataclasses
import math
import random
from typing import Callable

import numpy as np
import numpy.typing as npt

from worker.blender.recipe import Camera, RecipeError

Matrix = npt.NDArray[np.float64]
PARALLEL = 1e-9
LEAST_HEIGHT = 0.01
"""Smallest `max_height`, as a share of the smallest radius: below it drawing again takes long."""


@dataclasses.dataclass(frozen=True)
class Viewpoint:
    """One camera: `camera_to_world` 4x4, OpenGL axes; `intrinsics` 3x3 K in pixels."""

    camera_to_world: Matrix
    intrinsics: Matrix
    width: int
    height: int
    projection: str = "perspective"


def viewpoints(
    camera: Camera, views: int, resolution: tuple[int, int], source: random.Random
) -> list[Viewpoint]:
    """`views` cameras of `camera.layout`; a longer list begins with the shorter one.

    Raises: RecipeError when no camera can stand where the recipe says.
    """
    check(camera)
    width, height = resolution
    k = intrinsics(camera.fov[0], width, height)
    place = LAYOUTS[camera.layout]
    return [
        Viewpoint(look_at_origin(place(camera, source)), k, width, height) for _ in range(views)
    ]


def check(camera: Camera) -> None:
    """Refuse what no single key's range can. Raises: RecipeError."""
    low, high = camera.radius
    if not 0.0 < low <= high:
        raise RecipeError(f"'camera.radius' is {low:g} to {high:g}, allowed: 0 < low <= high")
    if camera.max_height < LEAST_HEIGHT * low:
        raise RecipeError(
            f"'camera.max_height' is {camera.max_height:g}, allowed: at least "
            f"{LEAST_HEIGHT:g} of the smallest radius ({low:g})"
        )


def shell(camera: Camera, source: random.Random) -> Matrix:
    """A point of uniform direction and uniform distance (Objaverse-XL, formats.md section 1)."""
    while True:
        height = source.uniform(-1.0, 1.0)  # Archimedes: uniform in z is uniform on the sphere
        turn = source.uniform(0.0, 2.0 * math.pi)
        radius = source.uniform(*camera.radius)
        if abs(height) * radius <= camera.max_height:
            break
    if camera.northern:
        height = abs(height)
    level = math.sqrt(1.0 - height * height)
    return radius * np.array([level * math.cos(turn), level * math.sin(turn), height])


LAYOUTS: dict[str, Callable[[Camera, random.Random], Matrix]] = {"shell": shell}


def look_at_origin(position: Matrix) -> Matrix:
    """Camera-to-world 4x4 of a camera at `position` (3,) that looks at the origin.

    Its y axis is as near to world +Z as it can be; straight above or below, its x is world +X.
    """
    back = position / np.linalg.norm(position)
    right = np.cross([0.0, 0.0, 1.0], back)
    length = float(np.linalg.norm(right))
    right = right / length if length > PARALLEL else np.array([1.0, 0.0, 0.0])
    matrix = np.eye(4)
    matrix[:3, 0] = right
    matrix[:3, 1] = np.cross(back, right)
    matrix[:3, 2] = back
    matrix[:3, 3] = position
    return matrix


def intrinsics(fov: float, width: int, height: int) -> Matrix:
    """K of a camera with horizontal field of view `fov` (degrees) and square pixels.

    Pixel centres lie at +0.5, the origin is the image's top left corner.
    """
    focal = width / (2.0 * math.tan(math.radians(fov) / 2.0))
    return np.array([[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0], [0.0, 0.0, 1.0]])
