"""Reduces an object image with edge snapping, which keeps the borders of charts in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OCCUPANCY = 3
"""The channel that says whether a chart covers the pixel."""
Image = NDArray[np.float32]
"""(R, R, 12), 0 to 1."""


def occupied(omage: Image) -> NDArray[np.bool_]:
    """(R, R): the pixels that a chart covers."""
    found: NDArray[np.bool_] = omage[..., OCCUPANCY] >= 0.5  # noqa: PLR2004 - the format's
    return found


def reduced(omage: Image, size: int) -> Image:
    """Reduce `omage` to (size, size, 12); `size` must divide its own size.

    Each block of pixels becomes the mean of the border pixels in it, or its middle pixel if it has
    no border pixels.
    """
    factor = len(omage) // size
    border = borders(occupied(omage))
    middle = omage[factor // 2 :: factor, factor // 2 :: factor]
    blocks = omage.reshape(size, factor, size, factor, -1)
    weight = border.reshape(size, factor, size, factor)
    count = weight.sum(axis=(1, 3))[..., None]
    total = np.einsum("ahbwc,ahbw->abc", blocks, weight, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), middle).astype(np.float32)


def borders(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The occupied pixels, (R, R), with an unoccupied neighbour (of 8) or at the image's border."""
    padded = np.pad(inside, 1)
    rows = padded[:-2] & padded[1:-1] & padded[2:]
    inner = rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]
    edge: NDArray[np.bool_] = inside & ~inner
    return edge
