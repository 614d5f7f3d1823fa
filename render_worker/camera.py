"""Cameras: intrinsics and poses, in the axes of OpenGL and of OpenCV.

The world is right-handed with Z up; its unit is the output's (`unit` in cameras.json). An OpenGL
camera has x right, y up and looks along -z, an OpenCV camera has x right, y down and looks along
+z. K is in pixels: the origin is the image's top left corner, and pixel centres are at +0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]

FLIP: Final = np.diag([1.0, -1.0, -1.0, 1.0])
"""Converts OpenGL camera axes to OpenCV's, and back."""
PERSPECTIVE: Final = "perspective"
ORTHOGRAPHIC: Final = "orthographic"
LAST: Final = (0.0, 0.0, 0.0, 1.0)
"""The last row of every pose."""
RIGID: Final = 1e-4
"""Allowed deviation from an orthonormal rotation: Blender's matrices are single precision."""


@dataclass(frozen=True, eq=False)
class Camera:
    """One view's camera; what its zip does not say is None."""

    pose: Matrix | None = None
    """(4, 4), camera to world, OpenGL axes."""
    k: Matrix | None = None
    """(3, 3), in pixels."""
    size: tuple[int, int] | None = None
    """Width and height of the images."""
    projection: str = PERSPECTIVE


def poses_of(values: Any) -> Matrix:
    """Rigid matrices, (n, 4, 4). Raises: ValueError, for anything else."""
    poses = np.array(values, np.float64)
    if poses.shape[1:] != (4, 4) or not np.isfinite(poses).all():
        raise ValueError("a camera's pose is not 4x4 numbers")
    rotations = poses[:, :3, :3]
    off = np.abs(rotations @ rotations.transpose(0, 2, 1) - np.eye(3))
    if (off > RIGID).any() or (np.linalg.det(rotations) < 0).any() or (poses[:, 3] != LAST).any():
        raise ValueError("a camera's pose is not rigid")
    return poses


def pose_of(values: Any) -> Matrix:
    """A rigid matrix, (4, 4). Raises: ValueError, for anything else."""
    found: Matrix = poses_of([values])[0]
    return found


def all_intrinsics_of(values: Any) -> Matrix:
    """Pinhole matrices, (n, 3, 3). Raises: ValueError, for anything else."""
    ks = np.array(values, np.float64)
    if ks.shape[1:] != (3, 3) or not np.isfinite(ks).all() or (ks[:, (0, 1), (0, 1)] <= 0).any():
        raise ValueError("a camera's K is not a 3x3 pinhole matrix")
    return ks


def intrinsics_of(values: Any) -> Matrix:
    """A pinhole matrix, (3, 3). Raises: ValueError, for anything else."""
    found: Matrix = all_intrinsics_of([values])[0]
    return found


def inverse(pose: Matrix) -> Matrix:
    """The inverse of a rigid (4, 4) matrix."""
    found = np.eye(4)
    found[:3, :3] = pose[:3, :3].T
    found[:3, 3] = -pose[:3, :3].T @ pose[:3, 3]
    return found


def centred(fov_x: float, size: tuple[int, int], fov_y: float | None = None) -> Matrix:
    """K of a centred camera with square pixels, or with this vertical field of view, in radians."""
    width, height = size
    focal = width / 2 / math.tan(fov_x / 2)
    focal_y = focal if fov_y is None else height / 2 / math.tan(fov_y / 2)
    return intrinsics_of([[focal, 0, width / 2], [0, focal_y, height / 2], [0, 0, 1]])


def fov(k: Matrix, size: tuple[int, int]) -> tuple[float, float]:
    """Horizontal and vertical field of view, in radians."""
    angles = (
        math.atan(k[axis, 2] / k[axis, axis]) + math.atan((size[axis] - k[axis, 2]) / k[axis, axis])
        for axis in (0, 1)
    )
    x, y = angles
    return x, y


def unprojected(depth: ArrayLike, k: Matrix, pose: Matrix, projection: str) -> Matrix:
    """World points (height, width, 3) of planar Z (height, width); NaN where it is not finite.

    k, pose, projection: as in `Camera`.
    """
    z = np.asarray(depth, np.float64)
    z = np.where(np.isfinite(z), z, np.nan)
    v, u = np.mgrid[0 : z.shape[0], 0 : z.shape[1]] + 0.5
    y = (v - k[1, 2]) / k[1, 1]
    x = (u - k[0, 2] - k[0, 1] * y) / k[0, 0]
    if projection == PERSPECTIVE:
        x, y = x * z, y * z
    local = np.stack([x, -y, -z], axis=-1)  # OpenGL axes
    points: Matrix = local @ pose[:3, :3].T + pose[:3, 3]
    return points
