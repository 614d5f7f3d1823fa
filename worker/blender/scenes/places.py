"""Where the objects of a scene stand, so that no two of their boxes meet. Free of bpy."""

from __future__ import annotations

import itertools
import math
from typing import Sequence

import numpy as np

from worker.contract.random_streams import stream
from worker.contract.recipe import Recipe
from worker.contract.rotations import Array, matrix
from worker.contract.scene_draws import Form, Triple, name_of
from worker.contract.scene_keys import BASE_SCALE, CAMERA_FOV, CAMERA_LOCATION

NEAR, FAR, FARTHEST = 0.25, -0.35, -2.0
"""Along X, towards the camera: the first places lie between the first two, then farther behind."""
STEP = 0.02
"""By so much each time that a place is taken already."""
FRAME = 0.7
"""Of half the frame's width: no centre lies farther out."""
WALL_HEIGHT, WALL_SPREAD = 0.05, 0.05
"""The study's height of objects that hover, and its spread."""
GAP = 0.01
CLEAR = 1e-4
"""Above the floor: in one plane with it, an object's underside would be seen through it."""
TRIES = 2000
THICKNESS = np.array([[-1e-6], [1e-6]])
"""Even a flat object's box has sides."""
PARALLEL = 1e-6


def floor_height(recipe: Recipe) -> float:
    """Where the floor lies, so that objects of the usual size are in the middle of the picture."""
    return -recipe.scenes.size * BASE_SCALE / 2.0


def places(
    recipe: Recipe, idx: int, forms: Sequence[Form], boxes: Sequence[Array], lowest: Sequence[float]
) -> list[Triple]:
    """A place for each object.

    `boxes` (2,3) are the unit-sized ones; `lowest` is how far down each reaches from its centre.
    A single one is at the origin. Places are drawn until the boxes are apart, at most TRIES: more
    or larger objects than there is room for end up within each other.
    """
    floor = recipe.scenes.background == "floor"
    source = stream(name_of(idx), recipe, "places")
    found: list[Triple] = []
    standing: list[Array] = []
    for shape, box, low in zip(forms, boxes, lowest):
        turned = corners(box, shape)
        for attempt in range(TRIES):
            x, y, z = 0.0, 0.0, 0.0
            if len(forms) > 1:
                x = source.uniform(max(FARTHEST, FAR - STEP * attempt), NEAR)
                half = math.tan(math.radians(CAMERA_FOV / 2.0)) * (CAMERA_LOCATION[0] - x)
                y = source.uniform(-FRAME, FRAME) * half
                z = source.gauss(WALL_HEIGHT, WALL_SPREAD)
            if floor:
                z = floor_height(recipe) + CLEAR - low
            place = np.array([x, y, z], np.float32).astype(np.float64)
            here = turned + place
            if all(apart(here, other) for other in standing):
                break
        standing.append(here)
        found.append((float(place[0]), float(place[1]), float(place[2])))
    return found


def corners(box: Array, shape: Form) -> Array:
    """(8,3): the corners of `box` (2,3), scaled and turned."""
    ends = np.array(list(itertools.product(*(box + THICKNESS).T.tolist())))
    return np.asarray(ends * np.array(shape.scale) @ matrix(shape.euler).T)


def apart(one: Array, other: Array) -> bool:
    """Whether two boxes, (8,3) each in the order of `corners`, are GAP apart.

    Some axis parts them: a side's direction, or one across two sides (separating axis theorem).
    """
    sides = [_unit(box[[4, 2, 1]] - box[0]) for box in (one, other)]
    across = np.cross(sides[0][:, None], sides[1][None]).reshape(-1, 3)
    across = across[np.linalg.norm(across, axis=1) > PARALLEL]
    axes = np.concatenate([*sides, _unit(across)])
    a, b = one @ axes.T, other @ axes.T
    between = np.maximum(a.min(axis=0) - b.max(axis=0), b.min(axis=0) - a.max(axis=0))
    return bool((between >= GAP).any())


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
