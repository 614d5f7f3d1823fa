"""Silhouettes of triangle meshes: which pixels' centres a mesh covers, whatever is before it."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NEAREST: Final = 1e-6
"""Share of the mesh's largest depth at which triangles that reach behind the camera are cut off."""
AT_ONCE: Final = 1 << 18
"""Triangles projected at a time."""
CELLS: Final = 1 << 22
"""Pixels tested at a time."""


class Canvas(msgspec.Struct, frozen=True):
    """The pixels from `left` and `top` on; they may be negative, outside the image."""

    left: int
    top: int
    width: int
    height: int


def silhouette(
    points: NDArray[np.float64], triangles: NDArray[np.int32], k: Array, canvas: Canvas
) -> NDArray[np.bool_]:
    """The pixels (height, width) of `canvas` whose centre a triangle covers.

    points (V,3) are in OpenCV's camera axes. k (3,3) has no skew and puts the centre of the first
    pixel at (0, 0).
    """
    covered = np.zeros((canvas.height, canvas.width), bool)
    near = NEAREST * float(points[:, 2].max(initial=0.0))
    if near > 0:
        for first in range(0, len(triangles), AT_ONCE):
            solid = _in_front(points[triangles[first : first + AT_ONCE]], near)
            spots = solid[..., :2] / solid[..., 2:] * (k[0, 0], k[1, 1])
            spots += (k[0, 2] - canvas.left, k[1, 2] - canvas.top)
            _fill(covered, spots)
    return covered


def _in_front(corners: Array, near: float) -> Array:
    """The parts of triangles (T,3,3) at depths from `near` on, as triangles."""
    ahead = (corners[..., 2] >= near).sum(axis=1)
    cut = [_cut(each, near) for each in corners[(ahead > 0) & (ahead < 3)]]  # noqa: PLR2004
    return np.concatenate([corners[ahead == 3], *cut])  # noqa: PLR2004


def _cut(corners: Array, near: float) -> Array:
    """One or two triangles: the part of one (3,3) that is in front."""
    kept = []
    for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if one[2] >= near:
            kept.append(one)
        if (one[2] >= near) != (other[2] >= near):
            kept.append(one + (other - one) * ((near - one[2]) / (other[2] - one[2])))
    return np.array([[kept[0], kept[place], kept[place + 1]] for place in range(1, len(kept) - 1)])


def _fill(covered: NDArray[np.bool_], spots: Array) -> None:
    """Set the pixels of triangles (T,3,2), in pixels."""
    size = np.array(covered.shape[::-1])
    low = np.clip(np.ceil(spots.min(axis=1)), 0, size).astype(np.int64)
    high = np.clip(np.floor(spots.max(axis=1)), -1, size - 1).astype(np.int64)
    seen = (high >= low).all(axis=1)
    spots, low, high = spots[seen], low[seen], high[seen]
    # Boxes of about one size are tested together, in a grid of the next power of two.
    exponents = np.ceil(np.log2(high - low + 1)).astype(np.int64)
    for wide, tall in np.unique(exponents, axis=0).tolist():
        same = np.flatnonzero((exponents == (wide, tall)).all(axis=1))
        step = max(1, CELLS >> (wide + tall))
        for first in range(0, len(same), step):
            chosen = same[first : first + step]
            grid = np.mgrid[0 : 1 << tall, 0 : 1 << wide].reshape(2, 1, -1)[::-1]
            x, y = low[chosen].T[..., None] + grid
            inside = (x <= high[chosen, :1]) & (y <= high[chosen, 1:])
            inside &= _covers(spots[chosen], x, y)
            covered[y[inside], x[inside]] = True


def _covers(spots: Array, x: Array, y: Array) -> NDArray[np.bool_]:
    """Whether triangles (n,3,2) cover the points (n,m), edges included, wound either way."""
    signs = []
    for one, other in ((0, 1), (1, 2), (2, 0)):
        a, b = spots[:, one, :, None], spots[:, other, :, None]
        signs.append((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0]))
    left, middle, right = signs
    one = (left >= 0) & (middle >= 0) & (right >= 0)
    other = (left <= 0) & (middle <= 0) & (right <= 0)
    covered: NDArray[np.bool_] = one | other
    return covered
