"""Fits cameras to the object: how far away it just fills the frame. Needs no bpy."""

from __future__ import annotations

import math
from typing import Callable, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from worker.contract.linear import product

Matrix = npt.NDArray[np.float64]
Support = Callable[[Matrix], Matrix]
"""Maps K directions (K,3) to how far the object reaches along each from a point, (K,)."""
PARALLEL = 1e-9
LEAST_ROOM = 0.01
"""Smallest gap between a fitted camera and the object, as a share of the distance."""


def about(support: Support, target: Sequence[float]) -> Support:
    """`support` from the origin, as seen from `target` (3,)."""
    if not any(target):
        return support
    place = np.array(target, np.float64)[:, None]

    def moved(directions: Matrix) -> Matrix:
        reached: Matrix = support(directions) - product(directions, place)[:, 0]
        return reached

    return moved


def fit_perspective(
    pose: Matrix,
    k: Matrix,
    resolution: Tuple[int, int],
    share: float,
    support: Support,
    aside: float = 0.0,
) -> None:
    """Move the camera along its axis until the object just fits into `share` of the frame.

    `pose` is relative to the point that the camera looks at. In the camera's axes about it, a point
    (x, y, z) is visible from distance d within a slope s if |x| <= s (d - z), that is
    d >= z + |x| / s; from `aside` to the left and to the right, d >= z + (|x| + aside) / s.
    """
    right, up, back = pose[:3, :3].T
    slopes = [share * edge / (2.0 * k[axis, axis]) for axis, edge in enumerate(resolution)]
    sides = [sign * side / slope for side, slope in zip((right, up), slopes) for sign in (1, -1)]
    *edges, front = support(np.array([*(back + side for side in sides), back]))
    edges[:2] = [edge + aside / slopes[0] for edge in edges[:2]]
    pose[:3, 3] = back * max(*edges, front + LEAST_ROOM * abs(front), PARALLEL)


def fit_orthographic(
    pose: Matrix,
    k: Matrix,
    resolution: Tuple[int, int],
    share: float,
    support: Support,
    aside: float = 0.0,
) -> None:
    """Scale the image to the object, and move the camera back if it would be inside the object."""
    right, up, back = pose[:3, :3].T
    *edges, front = support(np.array([right, -right, up, -up, back]))
    halves = max(edges[:2]) + aside, max(edges[2:])
    pixels = [share * size / 2.0 / max(half, PARALLEL) for half, size in zip(halves, resolution)]
    k[0, 0] = k[1, 1] = min(pixels)
    distance = float(np.linalg.norm(pose[:3, 3]))
    pose[:3, 3] = back * max(distance, (1.0 + LEAST_ROOM) * front + LEAST_ROOM)


FITTERS = {"perspective": fit_perspective, "orthographic": fit_orthographic}


def fit_all(poses: Sequence[Matrix], ks: Sequence[Matrix], projection: str) -> None:
    """Give cameras that each fit the object the distance, or the scale, that fits it in all.

    `poses` (4,4) are relative to the point that they look at; they and `ks` (3,3) are changed.
    """
    farthest = max(math.sqrt(float((pose[:3, 3] ** 2).sum())) for pose in poses)
    for pose in poses:
        pose[:3, 3] = pose[:3, 2] * farthest
    if projection == "orthographic":
        least = min(k[0, 0] for k in ks)
        for k in ks:
            k[0, 0] = k[1, 1] = least
