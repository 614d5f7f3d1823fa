"""Rasterises triangles without a Python loop over the triangles."""

from __future__ import annotations

import dataclasses
from typing import Iterator

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
PIECE = 1 << 22
"""Approximate number of pixels, in the triangles' bounding boxes, to process at once."""


def covered(uv: Array, size: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield, in batches, the numbers (triangle, pixel) of all pixels that triangles cover.

    A triangle of uv (T,3,2) covers a pixel if the pixel's centre is inside. Pixel (row, column) has
    its centre at uv = (column, row) / (size - 1) and the number row * size + column.
    """
    corners = uv * (size - 1)
    low = np.clip(np.ceil(corners[..., 1].min(axis=1)), 0, size).astype(np.int64)
    high = np.clip(np.floor(corners[..., 1].max(axis=1)) + 1, 0, size).astype(np.int64)
    rows = np.maximum(high - low, 0)
    wide = np.ceil(np.clip(corners[..., 0].max(axis=1) - corners[..., 0].min(axis=1), 0, size))
    ends = np.cumsum(rows * (1 + wide.astype(np.int64)))
    start = 0
    while start < len(uv):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + PIECE, side="right")))
        yield _spans(corners[start:stop], low[start:stop], rows[start:stop], start, size)
        start = stop


def _spans(corners: Array, low: Ints, rows: Ints, first: int, size: int) -> tuple[Ints, Ints]:
    triangle, row = _counted(rows)
    row = row + low[triangle]
    left, right = np.full(len(row), -np.inf), np.full(len(row), np.inf)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        # Intersect each row of pixels with the triangle's edges; two of them bound its span.
        # Edges are directed upwards, so that two triangles get bit-identical shared edges.
        up = (corners[triangle, a, 1] <= corners[triangle, b, 1])[:, None]
        p = np.where(up, corners[triangle, a], corners[triangle, b])
        q = np.where(up, corners[triangle, b], corners[triangle, a])
        rise = q[:, 1] - p[:, 1]
        crossed = (p[:, 1] <= row) & (row < q[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            x = p[:, 0] + (row - p[:, 1]) / rise * (q[:, 0] - p[:, 0])
        fresh = crossed & np.isinf(left)
        left[fresh] = x[fresh]
        again = crossed & ~fresh
        right[again] = x[again]
    begin = np.clip(np.ceil(np.minimum(left, right)), 0, size)
    # Spans are half-open, so that a pixel on a shared edge belongs to only one triangle.
    end = np.clip(np.ceil(np.maximum(left, right)), 0, size)
    whole = np.isfinite(left) & np.isfinite(right)
    wide = np.where(whole, np.maximum(end - begin, 0), 0).astype(np.int64)
    span, column = _counted(wide)
    column = column + begin[span].astype(np.int64)
    return triangle[span] + first, row[span] * size + column


def _counted(counts: Ints) -> tuple[Ints, Ints]:
    """Return owners and positions: for [2, 0, 3], [0, 0, 2, 2, 2] and [0, 1, 0, 1, 2]."""
    owner = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - before[owner]


@dataclasses.dataclass(frozen=True)
class Cover:
    """Which chart covers each pixel.

    chart: (size, size) the chart that covers the pixel's centre, or -1 for none; row 0 is at v = 0.
    overlap: (C,) the share of each chart's pixels that more than one triangle covers.
    """

    chart: Ints
    overlap: Array


def cover(uv: Array, chart: Ints, count: int, size: int) -> Cover:
    """Rasterise the triangles uv (T,3,2) of `count` charts; `chart` (T,): each triangle's chart."""
    times = np.zeros(size * size, np.int64)
    owner = np.full(size * size, -1)
    for triangle, pixel in covered(uv, size):
        times += np.bincount(pixel, minlength=size * size)
        owner[pixel] = chart[triangle]
    seen = owner >= 0
    pixels = np.bincount(owner[seen], minlength=count)
    often = np.bincount(owner[seen & (times > 1)], minlength=count)
    return Cover(owner.reshape(size, size), often / np.maximum(pixels, 1))
