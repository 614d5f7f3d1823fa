"""Charts laid out on the unit square, upright, each in a box of its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
ROUNDS = 24
Skyline = list[tuple[float, float, float]]
"""Pieces (x, width, height) of what is built so far, from the left."""


def scales(uv_area: Array, area: Array, density: float) -> Array:
    """What each chart's UVs are multiplied with, (C,), so that densities differ by less.

    Density is UV length by surface length. Half of the surface has more than the middle one; a
    chart's ends between a `density`-th of that and `density` times as much.
    """
    own = np.sqrt(uv_area / area)
    order = np.argsort(own, kind="stable")
    reached = np.cumsum(area[order])
    middle = own[order][np.searchsorted(reached, reached[-1] / 2.0)]
    scaled: Array = np.clip(own, middle / density, middle * density) / own
    return scaled


def pack(boxes: Array, margin: float) -> tuple[float, Array]:
    """Lay out `boxes` (C,2), widths and heights: (scale, lower left corners (C,2)).

    Scaled by the one `scale`, as large as is found, they lie in the unit square without being
    turned, `margin` from its border and at least twice that apart. The same each time.

    Raises: ValueError when even boxes without a size would not fit.
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
    """Lower left corners of rectangles `sides` (C,2) put down in `order`, or None: no room.

    Each goes where its top ends lowest, and there leftmost.
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
    """How high something of `width` lies on the piece `start` and those after it."""
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
