"""Camera conventions, all derived from a 4x4 camera-to-world matrix in OpenGL axes and K.

The world is Blender's: Z up, right-handed. An OpenGL camera (also Blender's) has x right, y up and
looks along -z. An OpenCV camera has x right, y down and looks along +z. K is 3x3, in pixels; the
origin is the image's top left corner, and pixel centres are at +0.5. All arrays are float64.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from worker.contract.linear import product

Matrix = NDArray[np.float64]

_FLIP: Final = np.diag([1.0, -1.0, -1.0, 1.0])
"""Converts OpenGL camera axes to OpenCV's, and back."""


def world_to_camera_3x4(camera_to_world: ArrayLike) -> Matrix:
    """Objaverse-XL's ``[R|t]``: 3x4, world to OpenGL (Blender) camera axes.

    R is the transposed rotation of the camera's matrix_world, and t = -R @ location, as
    scripts/rendering/blender_script.py of Objaverse-XL writes it. `camera_to_world` must be rigid.
    """
    pose = _matrix(camera_to_world)
    rotation = pose[:3, :3].T
    return np.column_stack([rotation, product(pose[:3, 3], -rotation.T)])


def from_world_to_camera_3x4(world_to_camera: ArrayLike) -> Matrix:
    """4x4 camera-to-world in OpenGL axes: the inverse of `world_to_camera_3x4`."""
    matrix = _matrix(world_to_camera)
    pose = np.eye(4)
    pose[:3, :3] = matrix[:, :3].T
    pose[:3, 3] = product(matrix[:, 3], -pose[:3, :3].T)
    return pose


def camera_to_world_opencv(camera_to_world: ArrayLike) -> Matrix:
    """4x4 camera-to-world in OpenCV axes (NSVF's pose files)."""
    pose: Matrix = _matrix(camera_to_world) @ _FLIP
    return pose


def world_to_camera_opencv(camera_to_world: ArrayLike) -> Matrix:
    """4x4 world-to-camera in OpenCV axes: K times its first three rows projects a point."""
    world_to_camera = np.eye(4)
    world_to_camera[:3] = world_to_camera_3x4(camera_to_world)
    pose: Matrix = _FLIP @ world_to_camera
    return pose


class Vectors(msgspec.Struct, frozen=True):
    """Shap-E's camera: its location, and its OpenCV axes as unit vectors, in the world's axes."""

    origin: tuple[float, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    z: tuple[float, ...]


def shap_e_vectors(camera_to_world: ArrayLike) -> Vectors:
    """Shap-E's origin, x (right), y (down), z (forward), in the world's axes."""
    x, y, z, origin = camera_to_world_opencv(camera_to_world)[:3].T.tolist()
    return Vectors(origin=tuple(origin), x=tuple(x), y=tuple(y), z=tuple(z))


def fov(intrinsics: ArrayLike, width: int, height: int) -> tuple[float, float]:
    """Horizontal and vertical field of view, in radians, of a K with a centred principal point."""
    k = _matrix(intrinsics)
    return 2 * math.atan(width / (2 * k[0, 0])), 2 * math.atan(height / (2 * k[1, 1]))


def inverse_intrinsics(intrinsics: ArrayLike) -> Matrix:
    """3x3 inverse of K, from a pixel to its ray in OpenCV axes (ZeroNVS)."""
    k = _matrix(intrinsics)
    fx, skew, cx, fy, cy = k[0, 0], k[0, 1], k[0, 2], k[1, 1], k[1, 2]
    return np.array(
        [
            [1 / fx, -skew / (fx * fy), (skew * cy - cx * fy) / (fx * fy)],
            [0.0, 1 / fy, -cy / fy],
            [0.0, 0.0, 1.0],
        ]
    )


def intrinsics_4x4(intrinsics: ArrayLike) -> Matrix:
    """K in a 4x4 identity (NSVF's intrinsics.txt)."""
    padded = np.eye(4)
    padded[:3, :3] = _matrix(intrinsics)
    return padded


def _matrix(values: ArrayLike) -> Matrix:
    return np.asarray(values, np.float64)
