"""The sRGB transfer curve of IEC 61966-2-1, to 8 bits and back, exactly.

Encoding compares with the 255 linear values at which the rounded 8-bit value steps up, so no
power function of this or that CPU decides a pixel.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BUCKETS: Final = 4096
"""The curve is steepest at black, 12.92 * 255 steps per unit: under one step per bucket."""


_KNEE: Final = 0.04045
"""The encoded value up to which the curve is a straight line."""


def decode(encoded: ArrayLike) -> NDArray[np.float64]:
    """Linear light of sRGB values, both 0 to 1."""
    value = np.asarray(encoded, np.float64)
    return np.where(value <= _KNEE, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


_STEPS: Final = np.append(decode((np.arange(255) + 0.5) / 255), np.inf).astype(np.float32)
"""_STEPS[v] is the linear value from which on the 8-bit value is above v."""
_FLOORS: Final = np.searchsorted(
    _STEPS, np.arange(_BUCKETS + 1, dtype=np.float32) / _BUCKETS, side="right"
).astype(np.uint8)
"""The 8-bit value at the lower end of each bucket."""


def encode(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    """8-bit sRGB of linear light, rounded to nearest; clipped to 0..1, NaN is 0."""
    value = np.clip(np.nan_to_num(linear, nan=0.0), 0.0, 1.0)
    floor: NDArray[np.uint8] = _FLOORS[(value * _BUCKETS).astype(np.int32)]
    return np.add(floor, value >= _STEPS[floor], dtype=np.uint8)
