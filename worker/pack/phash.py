"""Perceptual hashes: 64 bits that are alike for pictures that look alike.

The hash is the DCT hash of the ``imagehash`` library (``imagehash.phash``): the picture in grey at
32x32 pixels, its 8x8 lowest cosine coefficients, and for each of them, row by row, whether it
exceeds their median. All sums are of integers, so the hash does not depend on the CPU.

A symmetric object has coefficients of about 0, whose sign is that of the render's noise. `steady`
counts only those that clearly exceed the median, so that two renders of one object differ in a few
bits at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE: Final = 32
KEPT: Final = 8
_SCALE: Final = 1 << 14
"""Sums of 10,000 views of the largest grey, in steps of 1 / _SCALE squared, fit into 64 bits."""
_BASIS: Final = np.rint(
    _SCALE * np.cos(np.pi * np.outer(np.arange(KEPT), 2 * np.arange(SIDE) + 1) / (2 * SIDE))
).astype(np.int64)
"""(8, 32): the lowest cosines of the DCT-II, rounded to integers."""
_MIDDLE: Final = slice(KEPT * KEPT // 2 - 1, KEPT * KEPT // 2 + 1)
"""The two coefficients, in ascending order, whose mean is the median."""
MARGIN: Final = 64
WHITE: Final = 255


def greys(pictures: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """8-bit RGB or RGBA pictures, (pictures, height, width, 3 or 4), each as (32, 32), on white."""
    count, height, width, channels = pictures.shape
    image = Image.fromarray(pictures.reshape(count * height, width, channels))
    page = image.convert("L")
    if image.mode == "RGBA":
        white = Image.new("L", image.size, WHITE)
        white.paste(page, mask=image.getchannel("A"))
        page = white
    tops = range(0, count * height, height)
    # Cut out first: a resized part of a picture is blended with what is around it.
    parts = (page.crop((0, top, width, top + height)) for top in tops) if count > 1 else (page,)
    return [np.asarray(part.resize((SIDE, SIDE), Image.Resampling.LANCZOS)) for part in parts]


def of(greys: NDArray[np.uint8]) -> str:
    """The hash of (32, 32) greys, as 16 hex digits."""
    low, twice_median = _coefficients(greys)
    return _hex(2 * low > twice_median)


def steady(pictures: Sequence[NDArray[np.uint8]]) -> str:
    """The hash of the mean of several (32, 32) greys, without bits that noise decides.

    A bit is set if its coefficient exceeds the median by more than 1 / MARGIN of the largest, which
    leaves the mean grey out.
    """
    low, twice_median = _coefficients(np.sum(pictures, axis=0, dtype=np.int64))
    largest = int(np.abs(low.ravel()[1:]).max())
    clear = (2 * low - twice_median) // _SCALE * MARGIN  # scaled down, to fit into 64 bits
    return _hex(clear > 2 * largest // _SCALE)


def _coefficients(greys: NDArray[Any]) -> tuple[NDArray[np.int64], int]:
    """The (8, 8) lowest coefficients, and twice their median."""
    low = _BASIS @ greys.astype(np.int64) @ _BASIS.T  # integers: no BLAS, no rounding
    return low, int(np.sort(low, axis=None)[_MIDDLE].sum())


def _hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()
