"""Packs the bounding boxes of charts into the unit square, without rotation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
ROUNDS = 24
Skyline = list[tuple[float, float, float]]
"""The upper outline of the boxes placed so far: segments (x, width, height) from left to right."""


def scales(uv_area: Array, area: Array, density: float) -> Array:
    """Return a factor for the UV coordinates of each chart, (C,), that evens out their densities.

    Density is UV length per surface length. The factors bring every chart's density into the range
    median / `density` to median * `density`, where the median is weighted by surface area.
    """
    own = np.sqrt(uv_area / area)
    order = np.argsort(own, kind="stable")
    reached = np.cumsum(area[order])
    middle = own[order][np.searchsorted(reached, reached[-1] / 2.0)]
    scaled: Array = np.clip(own, middle / density, middle * density) / own
    return scaled


def pack(boxes: Array, margin: float) -> tuple[float, Array]:
    """Pack `boxes` (C,2), widths and heights, into the unit square without rotating them.

    All boxes are scaled by the same factor, the largest that the search finds. They stay at least
    `margin` from the border and twice `margin` apart. The result is deterministic.

    Returns: the scale, and the lower left corners (C,2).
    Raises: ValueError if the margins leave no room for the boxes at any scale that was tried.
    """
    high_first = np.lexsort((-boxes[:, 0], -boxes[:, 1]))
    orders = [high_first, np.argsort(-boxes.max(axis=1), kind="stable")]
    low, found = 0.0, None
    area = float(boxes.prod(axis=1).sum())
    high = min((1.0 - 2.0 * margin) / float(boxes.max()), 1.0 / float(np.sqrt(max(area, 1e-300))))
    scale = high
    for _ in range(ROUNDS):
        tried = (_place(boxes * scale + 2.0 * margin, order) for order in orders)
        made = next((corners for corners in tried if corners is not None), None)
        if made is None:
            high = scale
        else:
            low, found = scale, made
        scale = (low + high) / 2.0
    if found is None:
        raise ValueError(f"{len(boxes)} charts with a margin of {margin:g} do not fit")
    return low, found + margin


def _place(sides: Array, order: npt.NDArray[np.int64]) -> Array | None:
    """Place rectangles `sides` (C,2) one after another, in `order`.

    Each is placed as low as possible, and there as far left as possible.
    Returns: the lower left corners (C,2), or None if the rectangles do not fit.
    """
    skyline: Skyline = [(0.0, 1.0, 0.0)]
    corners = np.zeros((len(sides), 2))
    for number in order.tolist():
        width, height = sides[number].tolist()
        best: tuple[float, float, int] | None = None
        for start in range(len(skyline)):
            base = _base(skyline, start, width)
            if base is not None and base + height <= 1.0 and (best is None or base < best[0]):
                best = (base, skyline[start][0], start)
        if best is None:
            return None
        base, left, start = best
        corners[number] = left, base
        _raise(skyline, start, left, width, base + height)
    return corners


def _base(skyline: Skyline, start: int, width: float) -> float | None:
    """Return the height at which a box of `width` rests if its left end is at segment `start`.

    Returns None if the box would cross the right border.
    """
    left = skyline[start][0]
    if left + width > 1.0:
        return None
    base = 0.0
    for x, _, height in skyline[start:]:
        if x >= left + width:
            break
        base = max(base, height)
    return base


def _raise(skyline: Skyline, start: int, left: float, width: float, height: float) -> None:
    end = left + width
    stop = start
    rest = None
    while stop < len(skyline) and skyline[stop][0] < end:
        x, wide, old = skyline[stop]
        if x + wide > end:
            rest = (end, x + wide - end, old)
        stop += 1
    skyline[start:stop] = [(left, width, height), *([rest] if rest else [])]
