"""Which pixels triangles cover, without a loop over the triangles."""

from __future__ import annotations

import dataclasses
from typing import Iterator

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
PIECE = 1 << 22
"""Pixels of triangles' boxes that are worked on at once."""


def covered(uv: Array, size: int) -> Iterator[tuple[Ints, Ints]]:
    """(triangle, pixel) of every pixel whose centre lies in one of the triangles uv (T,3,2).

    Pixel (row, column) has its centre at uv = (column, row) / (size - 1) and the number
    row * size + column. They come in pieces.
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
        # A row of pixels crosses the edges that lie at both of its sides.
        # Upwards, so that two triangles put the edge they share in the same place to the bit.
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
    # Half-open: what lies on an edge of two triangles is in one of them.
    end = np.clip(np.ceil(np.maximum(left, right)), 0, size)
    whole = np.isfinite(left) & np.isfinite(right)
    wide = np.where(whole, np.maximum(end - begin, 0), 0).astype(np.int64)
    span, column = _counted(wide)
    column = column + begin[span].astype(np.int64)
    return triangle[span] + first, row[span] * size + column


def _counted(counts: Ints) -> tuple[Ints, Ints]:
    """For counts [2, 0, 3]: [0, 0, 2, 2, 2] and [0, 1, 0, 1, 2]."""
    owner = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - before[owner]


@dataclasses.dataclass(frozen=True)
class Cover:
    """Who has which pixel.

    chart: (size, size) the chart whose triangles cover the pixel's centre, -1: none; row 0 is
    v = 0. overlap: (C,) share of each chart's pixels that more than one of its triangles covers.
    """

    chart: Ints
    overlap: Array


def cover(uv: Array, chart: Ints, count: int, size: int) -> Cover:
    """What the triangles uv (T,3,2), of the charts 0 … `count` - 1 by `chart` (T,), cover."""
    times = np.zeros(size * size, np.int64)
    owner = np.full(size * size, -1)
    for triangle, pixel in covered(uv, size):
        times += np.bincount(pixel, minlength=size * size)
        owner[pixel] = chart[triangle]
    seen = owner >= 0
    pixels = np.bincount(owner[seen], minlength=count)
    often = np.bincount(owner[seen & (times > 1)], minlength=count)
    return Cover(owner.reshape(size, size), often / np.maximum(pixels, 1))
