"""Pixels that a chart occupies, and the loops of pixels in which its mesh ends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from worker.blender.omage.union import Ints

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
PINCH_ROUNDS = 8
STEP = 0.1
"""Distance of the points, in pixels, by which an outline's pixels are found."""


def cells(mask: Mask) -> Mask:
    """The 2x2 neighbourhoods of `mask` (H,W) that are fully occupied, (H-1,W-1): two triangles."""
    full: Mask = mask[:-1, :-1] & mask[:-1, 1:] & mask[1:, :-1] & mask[1:, 1:]
    return full


def around(places: Array, shape: tuple[int, int], reach: float) -> Mask:
    """The pixels (row, column) less than `reach` (0.5 or 1) in both axes from a closed chain.

    places (N,2): x, y in pixels, where pixel (row, column) is at x = column, y = row.
    """
    ends = np.roll(places, -1, axis=0)
    counts = np.maximum(np.ceil(np.abs(ends - places).max(axis=1) / STEP), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(places)), counts)
    part = (np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)) / counts[owner]
    dense = places[owner] + (ends - places)[owner] * part[:, None]
    mask = np.zeros(shape, bool)
    for rows in (np.floor, np.ceil) if reach > 0.5 else (np.rint,):  # noqa: PLR2004 - half a pixel
        for columns in (np.floor, np.ceil) if reach > 0.5 else (np.rint,):  # noqa: PLR2004
            row = np.clip(rows(dense[:, 1]), 0, shape[0] - 1).astype(np.int64)
            column = np.clip(columns(dense[:, 0]), 0, shape[1] - 1).astype(np.int64)
            mask[row, column] = True
    return mask


def unpinched(mask: Mask) -> Mask:
    """`mask` (H,W) with pixels added where its cells touch only at a corner."""
    whole = np.pad(mask, 1)
    for _ in range(PINCH_ROUNDS):
        full = np.pad(cells(whole), 1)
        a, b, c, d = full[:-1, :-1], full[:-1, 1:], full[1:, :-1], full[1:, 1:]
        pinched = (a & d & ~b & ~c) | (b & c & ~a & ~d)
        if not pinched.any():
            break
        rows, columns = np.nonzero(pinched)
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                whole[
                    np.clip(rows + down, 0, len(whole) - 1),
                    np.clip(columns + right, 0, whole.shape[1] - 1),
                ] = True
    return whole[1:-1, 1:-1]


def loops(mask: Mask) -> list[Ints]:
    """The borders of the mesh of `mask` (H,W): closed chains of pixels (M,2), row and column.

    The mesh lies to the left of each chain, with x to the right and y, the row, upwards; so an
    outer one runs counter-clockwise. `mask` must be `unpinched`.
    """
    full = np.pad(cells(mask), 1)
    width = mask.shape[1]
    # Cells left below, right below, left above and right above of each pixel.
    a, b, c, d = full[:-1, :-1], full[:-1, 1:], full[1:, :-1], full[1:, 1:]
    steps = ((d & ~b, 1), (a & ~c, -1), (c & ~d, width), (b & ~a, -width))
    after: dict[int, int] = {}
    for leaves, step in steps:
        starts = np.flatnonzero(leaves)
        after.update(zip(starts.tolist(), (starts + step).tolist()))
    found = []
    while after:
        pixel = next(iter(after))
        chain = []
        while pixel in after:
            chain.append(pixel)
            pixel = after.pop(pixel)
        found.append(np.stack(np.divmod(np.array(chain), width), axis=1))
    return found


def turning(chain: npt.NDArray[np.generic]) -> float:
    """The signed area of a closed chain of x, y (N,2): positive if counter-clockwise."""
    x, y = chain[:, 0].astype(float), chain[:, 1].astype(float)
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2.0)
