"""The sRGB transfer curve of IEC 61966-2-1: encoding to 8 bits, and decoding.

Encoding compares with the 255 linear values at which the rounded 8-bit value increases. So it does
not depend on a CPU's power function. Where to compare is looked up by the upper 16 bits of the
float: sign, exponent and 7 bits of the fraction, between two of which at most one step lies.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_KNEE: Final = 0.04045
"""The encoded value up to which the curve is linear."""


def decode(encoded: ArrayLike) -> NDArray[np.float64]:
    """Linear values of sRGB values, both in 0 to 1."""
    value = np.asarray(encoded, np.float64)
    return np.where(value <= _KNEE, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


_STEPS: Final = np.append(decode((np.arange(255) + 0.5) / 255), np.nan).astype(np.float32)
"""_STEPS[v] is the smallest linear value whose 8-bit value is above v; none is above 255."""
_STARTS: Final = (np.arange(1 << 16, dtype=np.uint32) << 16).view(np.float32)
"""By its upper 16 bits, the float whose other bits are 0."""
_FLOORS: Final = np.where(
    _STARTS > 0, np.searchsorted(_STEPS[:-1], _STARTS, side="right"), 0
).astype(np.uint8)
"""The 8-bit value of each of them."""


def encode(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    """8-bit sRGB of linear values, rounded to nearest; they are clipped to 0 to 1, and NaN is 0."""
    with np.errstate(invalid="ignore"):
        # A signalling NaN may look like infinity: the sum is quiet.
        value = np.add(linear, np.float32(0), dtype=np.float32)
    floor: NDArray[np.uint8] = _FLOORS[value.view(np.uint32) >> 16]
    return np.add(floor, value >= _STEPS[floor], dtype=np.uint8)
