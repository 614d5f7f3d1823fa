"""Where the object stands in the world of its cameras, and how it got there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np

from worker.blender.recipe import Recipe
from worker.errors import RenderFailed

Triple = tuple[float, float, float]

UNITS: Final = {
    "unit-cube": "longest side of the object's bounding box",
    "unit-sphere": "distance of the object's farthest vertex from its bounding box's centre",
    "none": "the file's unit, as the importer takes it",
}
"""What a length of 1 is in the world, by the recipe's `subject.normalise`."""


class Placement(msgspec.Struct, frozen=True):
    """A point of the imported file is at ``point * scale + offset`` in the world."""

    scale: float
    offset: Triple
    low: Triple
    high: Triple
    """Corners of the object's bounding box in the world."""


def of(scene: Mapping[str, Any], recipe: Recipe) -> Placement:
    """From the child's statistics of the object. Raises: RenderFailed, where they make no sense."""
    try:
        low, high = (np.array(scene["scene_size"][key], float) for key in ("bbox_min", "bbox_max"))
        scale, offset = _moved(scene, recipe, low, high)
    except (KeyError, TypeError, ValueError) as error:
        raise RenderFailed(f"the child's 'scene_size' is no bounding box: {error!r}") from error
    corners = np.stack([low, high]) * scale + offset
    if corners.shape != (2, 3) or not np.isfinite(corners).all() or scale <= 0:
        raise RenderFailed("the child's 'scene_size' is no bounding box with a size")
    bottom, top = corners.tolist()
    x, y, z = offset.tolist()
    return Placement(scale, (x, y, z), tuple(bottom), tuple(top))


def _moved(scene: Mapping[str, Any], recipe: Recipe, low: Any, high: Any) -> tuple[float, Any]:
    if recipe.subject.normalise == "none":
        return 1.0, np.zeros(3)
    if recipe.subject.normalise == "unit-sphere":
        scale = 1.0 / float(scene["radius"])
    else:
        scale = 1.0 / float((high - low).max())
    return scale, -scale * (low + high) / 2
