"""The sRGB transfer curve of IEC 61966-2-1: encoding to 8 bits, and decoding.

Encoding compares with the 255 linear values at which the rounded 8-bit value increases. So it does
not depend on a CPU's power function.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BUCKETS: Final = 4096
"""Enough for at most one step per bucket: the curve is steepest at black, 12.92 * 255 per unit."""


_KNEE: Final = 0.04045
"""The encoded value up to which the curve is linear."""


def decode(encoded: ArrayLike) -> NDArray[np.float64]:
    """Linear values of sRGB values, both in 0 to 1."""
    value = np.asarray(encoded, np.float64)
    return np.where(value <= _KNEE, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


_STEPS: Final = np.append(decode((np.arange(255) + 0.5) / 255), np.inf).astype(np.float32)
"""_STEPS[v] is the smallest linear value whose 8-bit value is above v."""
_FLOORS: Final = np.searchsorted(
    _STEPS, np.arange(_BUCKETS + 1, dtype=np.float32) / _BUCKETS, side="right"
).astype(np.uint8)
"""The 8-bit value at the lower end of each bucket."""


def encode(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    """8-bit sRGB of linear values, rounded to nearest; they are clipped to 0 to 1, and NaN is 0."""
    # fmax would keep a signalling NaN.
    value = np.minimum(np.where(linear > 0, linear, np.float32(0)), np.float32(1))
    floor: NDArray[np.uint8] = _FLOORS[(value * _BUCKETS).astype(np.int32)]
    return np.add(floor, value >= _STEPS[floor], dtype=np.uint8)
