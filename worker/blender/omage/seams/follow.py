"""Where along a closed line the pixels of a loop lie, in an order that never runs backwards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
SPACING = 0.5
"""Distance, in pixels, of the points of a line that pixels can be brought to."""
MOST = 1 << 30
"""Largest number of pairs of pixel and point that are compared."""


def along(pixels: Array, line: Array) -> Array | None:
    """For each of `pixels` (M,2), x and y, its place along the closed `line` (N,2).

    Both run in the same sense around the same area. The places are distances along the line from
    its first point; they do not decrease, and the last is at most the line's length beyond the
    first. Among all such choices the sum of squared distances is the least, given that the pixel
    nearest to the line's leftmost point is brought there. None: too long to be compared.
    """
    fine, at, length = dense(line)
    if len(pixels) * len(fine) > MOST:
        return None
    begin = int(fine[:, 0].argmin())
    first = int(((pixels - fine[begin]) ** 2).sum(axis=1).argmin())
    points = np.roll(fine, -begin, axis=0)
    places = np.append(np.roll(at, -begin), at[begin] + length)
    places[:-1][np.arange(len(at)) >= len(at) - begin] += length
    points = np.concatenate([points, points[:1]])
    best = _aligned(np.roll(pixels, -first, axis=0), points)
    found: Array = places[best]
    # The pixels before the first one are brought to the end of the line, one length further back.
    found = np.roll(found, first)
    found[:first] -= length
    return found


def dense(line: Array) -> tuple[Array, Array, float]:
    """Points of a closed line at most SPACING apart, their distances along it, and its length."""
    ends = np.roll(line, -1, axis=0)
    sizes = np.linalg.norm(ends - line, axis=1)
    counts = np.maximum(np.ceil(sizes / SPACING), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(line)), counts)
    part = (np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)) / counts[owner]
    before = np.concatenate([[0.0], np.cumsum(sizes)])
    points = line[owner] + (ends - line)[owner] * part[:, None]
    return points, before[owner] + sizes[owner] * part, float(before[-1])


def _aligned(pixels: Array, points: Array) -> npt.NDArray[np.int64]:
    """Numbers of `points`, not decreasing, the first 0, with the least sum of squared distances.

    Dynamic programming over the pixels. Of the costs only every so many rows are kept; the rows
    between are computed again on the way back.
    """
    count = len(pixels)
    block = max(1, int(np.sqrt(count)))
    row = np.full(len(points), np.inf)
    row[0] = 0.0
    kept = [row]
    for start in range(1, count, block):
        for number in range(start, min(start + block, count)):
            row = np.minimum.accumulate(row) + _far(pixels[number], points)
        kept.append(row)
    best = np.empty(count, np.int64)
    best[-1] = int(row.argmin())
    for index in range(len(kept) - 2, -1, -1):
        start = 1 + index * block
        stop = min(start + block, count)
        rows = [kept[index]]
        for number in range(start, stop - 1):
            rows.append(np.minimum.accumulate(rows[-1]) + _far(pixels[number], points))
        for number in range(stop - 1, start - 1, -1):
            best[number - 1] = int(rows[number - start][: best[number] + 1].argmin())
    return best


def _far(pixel: Array, points: Array) -> Array:
    far: Array = (points[:, 0] - pixel[0]) ** 2 + (points[:, 1] - pixel[1]) ** 2
    return far
