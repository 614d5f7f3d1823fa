"""Rotations, as Blender's: XYZ Euler angles turn about X first. Free of bpy."""

from __future__ import annotations

import math
from typing import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def matrix(euler: Sequence[float]) -> Array:
    """(3,3): Rz Ry Rx."""
    (cx, sx), (cy, sy), (cz, sz) = ((math.cos(angle), math.sin(angle)) for angle in euler)
    return np.array(
        [
            [cy * cz, sx * sy * cz - cx * sz, cx * sy * cz + sx * sz],
            [cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - sx * cz],
            [-sy, sx * cy, cx * cy],
        ]
    )


def quaternion(euler: Sequence[float]) -> Array:
    """(4,): w, x, y, z; of the two that say the same, the one that goes on with the angles."""
    (cx, sx), (cy, sy), (cz, sz) = (
        (math.cos(angle / 2.0), math.sin(angle / 2.0)) for angle in euler
    )
    return np.array(
        [
            cx * cy * cz + sx * sy * sz,
            sx * cy * cz - cx * sy * sz,
            cx * sy * cz + sx * cy * sz,
            cx * cy * sz - sx * sy * cz,
        ]
    )
