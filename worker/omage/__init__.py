"""Object images (omages) on the host: their files, and conversion to a mesh.

An object image is (R, R, 12) with values 0 to 1: position as (p + 1) / 2, occupancy, normal as
n / 2 + 1 / 2, linear albedo, metallic, roughness. Row 0 is v = 0; pixel (i, j) is at
uv = (j, i) / (R - 1). This follows the code and data set of the omages paper (Object Images).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.contract.omage_reduction import OCCUPANCY, occupied

Omage = NDArray[np.float32]
"""(R, R, 12), 0 to 1."""

OMAGE_CHANNELS: Final = 12
POSITION: Final = slice(0, 3)
NORMAL: Final = slice(4, 7)
ALBEDO: Final = slice(7, 10)
METALLIC: Final = 10
ROUGHNESS: Final = 11

__all__ = [
    "ALBEDO", "METALLIC", "NORMAL", "OCCUPANCY", "OMAGE_CHANNELS", "POSITION", "ROUGHNESS", "Omage",
    "occupied",
]  # fmt: skip
