"""Checks that the child's views match the recipe.

They are untrusted: the child may have opened a hostile model.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Final

from worker.contract.linear import cross
from worker.contract.protocol import View
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.core.errors import RenderFailed

RIGID: Final = 1e-4
"""Allowed deviation from an orthonormal rotation: Blender's matrices are single precision."""
BOUND: Final = 1e30
"""Upper bound of coordinates and focal lengths; 1 / BOUND is the lower bound of focal lengths.

The largest single-precision number is about 3.4e38.
"""


def check(views: Sequence[View], recipe: Recipe) -> None:
    """Check the number, names, sizes and cameras of the views. Raises: RenderFailed."""
    if len(views) != recipe.views:
        raise RenderFailed(f"{len(views)} views were rendered, not {recipe.views}")
    for number, view in enumerate(views):
        problem = _problem(view, keys.view_name(number), recipe)
        if problem:
            raise RenderFailed(f"view {number} {problem}")


def _problem(view: View, name: str, recipe: Recipe) -> str:
    if view.name != name:
        return f"is named {view.name!r}, not '{name}'"
    if (view.width, view.height) != recipe.resolution:
        wanted = "x".join(map(str, recipe.resolution))
        return f"is {view.width}x{view.height}, not {wanted}"
    if not _rigid(view.camera_to_world):
        return "has a camera_to_world that is not a rigid 4x4 matrix"
    if not _pinhole(view.intrinsics):
        return "has intrinsics that are not a 3x3 pinhole matrix"
    if not _measured(view):
        return "has raw files without a unit or a region"
    return ""


def _rigid(rows: list[list[float]]) -> bool:
    if [len(row) for row in rows] != [4] * 4 or not _bounded(rows) or rows[3] != [0, 0, 0, 1]:
        return False
    x, y, z = axes = [row[:3] for row in rows[:3]]
    unit = all(abs(_dot(a, b) - (a is b)) <= RIGID for a in axes for b in axes)
    return unit and _dot(x, cross(y, z)) > 0


def _pinhole(rows: list[list[float]]) -> bool:
    if [len(row) for row in rows] != [3] * 3 or not _bounded(rows):
        return False
    return min(rows[0][0], rows[1][1]) > 1 / BOUND and rows[1][0] == 0 and rows[2] == [0, 0, 1]


def _measured(view: View) -> bool:
    numbers = [view.raw_scale, *view.raw_offset]
    return len(numbers) == 4 and _bounded([numbers]) and view.raw_scale > 0  # noqa: PLR2004


def _bounded(rows: list[list[float]]) -> bool:
    return all(abs(value) < BOUND for row in rows for value in row)  # false for NaN


def _dot(one: list[float], other: list[float]) -> float:
    return math.fsum(map(operator.mul, one, other))
