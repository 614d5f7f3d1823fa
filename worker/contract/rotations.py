"""Rotations in Blender's convention: XYZ Euler angles rotate about X first. Needs no bpy."""

from __future__ import annotations

import math
from typing import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def matrix(euler: Sequence[float]) -> Array:
    """The rotation matrix Rz Ry Rx, (3,3), of Euler angles in radians."""
    (cx, sx), (cy, sy), (cz, sz) = ((math.cos(angle), math.sin(angle)) for angle in euler)
    return np.array(
        [
            [cy * cz, sx * sy * cz - cx * sz, cx * sy * cz + sx * sz],
            [cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - sx * cz],
            [-sy, sx * cy, cx * cy],
        ]
    )


def quaternion(euler: Sequence[float]) -> Array:
    """The quaternion w, x, y, z, (4,), with the sign that is continuous in the angles."""
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
