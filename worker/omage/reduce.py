"""From 1024 to 64: edge snapping, so that border texels stay on the charts' true borders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worker.omage import Omage, occupied


def reduced(omage: Omage, size: int) -> Omage:
    """`omage` at `size` pixels, which divides its own.

    A block of pixels in which charts have borders becomes the mean of the border pixels in it, in
    all channels; another one becomes its middle pixel.
    """
    factor = len(omage) // size
    border = borders(occupied(omage))
    middle = omage[factor // 2 :: factor, factor // 2 :: factor]
    blocks = omage.reshape(size, factor, size, factor, -1)
    weight = border.reshape(size, factor, size, factor)
    count = weight.sum(axis=(1, 3))[..., None]
    total = np.einsum("ahbwc,ahbw->abc", blocks, weight, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), middle).astype(np.float32)


def borders(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Occupied pixels (R, R) with an unoccupied one, or the image's end, among the eight around."""
    held = np.pad(there, 1)
    rows = held[:-2] & held[1:-1] & held[2:]
    inner = rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]
    edge: NDArray[np.bool_] = there & ~inner
    return edge
