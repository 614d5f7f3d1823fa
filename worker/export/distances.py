"""Distances of cameras from the origin: whether all are one, as some readers take them to be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from worker.contract.recipe import Recipe
from worker.export.camera_model import Camera

SAME: Final = 1e-3
"""Relative difference of distances that counts as none: a quarter of a pixel of 512."""


def one(distances: Iterable[float]) -> bool:
    """Whether these distances are the same."""
    found = list(distances)
    return max(found) - min(found) <= SAME * max(found)


def of_views(views: Iterable[Camera]) -> list[float]:
    """The distance of each view's camera from the origin, in world units."""
    return [float(np.linalg.norm(np.asarray(view.camera_to_world)[:3, 3])) for view in views]


def one_by_recipe(recipe: Recipe) -> bool:
    """Whether a recipe may place all cameras of an object at one distance from the origin."""
    camera = recipe.camera
    if recipe.views == 1 or camera.layout == "file":  # known from each zip alone
        return True
    if any(camera.target) or camera.distance == "fit":
        return False
    if camera.distance == "cube":
        return camera.fov[0] == camera.fov[1]
    if camera.distance == "fit-all":
        return True
    if camera.layout == "fixed":
        return one(math.hypot(*position) for position in camera.fixed)
    return camera.radius[0] == camera.radius[1]
