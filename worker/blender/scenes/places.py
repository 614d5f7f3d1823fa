"""Places the objects of a scene so that their bounding boxes do not intersect. Does not use bpy."""

from __future__ import annotations

import itertools
import math
import random
from typing import List, Optional, Sequence

import numpy as np

from worker.blender.faults import ObjectFault
from worker.contract.random_streams import stream
from worker.contract.recipe import Recipe
from worker.contract.rotations import Array, matrix
from worker.contract.scene_draws import Form, Triple, name_of
from worker.contract.scene_keys import BASE_SCALE, CAMERA_FOV, CAMERA_LOCATION

NEAR, FAR, FARTHEST = 0.25, -0.35, -2.0
"""Range of X, the axis towards the camera: first FAR to NEAR, then extended back to FARTHEST."""
STEP = 0.02
"""How much each failed attempt extends the range of X backwards."""
FRAME = 0.7
"""Limit for the objects' centres, as a share of half the frame's width."""
WALL_HEIGHT, WALL_SPREAD = 0.05, 0.05
"""Mean and standard deviation of the height of floating objects, from the study."""
GAP = 0.01
CLEAR = 1e-4
"""Distance above the floor; an underside coplanar with the floor would show through it."""
TRIES = 2000
ARRANGEMENTS = 4
THICKNESS = np.array([[-1e-6], [1e-6]])
"""Added to the corners of each box, so that the box of a flat object has a volume."""
PARALLEL = 1e-6


def floor_height(recipe: Recipe) -> float:
    """Return the floor's height, which centres objects of typical size in the image."""
    return -recipe.scenes.size * BASE_SCALE / 2.0


def places(
    recipe: Recipe, idx: int, forms: Sequence[Form], boxes: Sequence[Array], lowest: Sequence[float]
) -> list[Triple]:
    """Draw a location for each object of sample `idx`.

    `boxes` (2,3) are the bounding boxes at unit size. `lowest` is the height of each object's
    lowest point relative to its centre. A single object is at X = Y = Z = 0, or above the floor if
    there is one. Each location is drawn again, at most TRIES times, until its box intersects no
    other; if none is found, all are, at most ARRANGEMENTS times.

    Raises: ObjectFault, if there is not enough room.
    """
    turned = [corners(box, shape) for shape, box in zip(forms, boxes)]
    source = stream(name_of(idx), recipe, "places")
    for _ in range(ARRANGEMENTS):
        found = _arrangement(recipe, source, turned, lowest)
        if found is not None:
            return found
    raise ObjectFault(
        "render",
        f"sample {idx}: no room for {len(forms)} objects of size {recipe.scenes.size:g} that do "
        "not intersect; set fewer (scenes.objects) or smaller ones (scenes.size, scenes.scaling)",
    )


def _arrangement(
    recipe: Recipe, source: random.Random, turned: Sequence[Array], lowest: Sequence[float]
) -> Optional[List[Triple]]:
    """Draw a location for each box (8,3) around the origin; None if one finds no room."""
    floor = recipe.scenes.background == "floor"
    found: List[Triple] = []
    standing: List[Array] = []
    for box, low in zip(turned, lowest):
        for attempt in range(TRIES):
            x, y, z = 0.0, 0.0, 0.0
            if len(turned) > 1:
                x = source.uniform(max(FARTHEST, FAR - STEP * attempt), NEAR)
                half = math.tan(math.radians(CAMERA_FOV / 2.0)) * (CAMERA_LOCATION[0] - x)
                y = source.uniform(-FRAME, FRAME) * half
                z = source.gauss(WALL_HEIGHT, WALL_SPREAD)
            if floor:
                z = floor_height(recipe) + CLEAR - low
            place = np.array([x, y, z], np.float32).astype(np.float64)
            here = box + place
            if all(apart(here, other) for other in standing):
                break
        else:
            return None
        standing.append(here)
        found.append((float(place[0]), float(place[1]), float(place[2])))
    return found


def corners(box: Array, shape: Form) -> Array:
    """Return the corners (8,3) of `box` (2,3), scaled and rotated."""
    ends = np.array(list(itertools.product(*(box + THICKNESS).T.tolist())))
    return np.asarray(ends * np.array(shape.scale) @ matrix(shape.euler).T)


def apart(one: Array, other: Array) -> bool:
    """Whether two boxes are at least GAP apart; each is (8,3), in the order of `corners`.

    By the separating axis theorem, it suffices to test the directions of the sides and the cross
    products of two sides.
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
