"""Which pixels of each view show given points of an object, from the views' depth."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import camera_conventions
from worker.contract.linear import product
from worker.export import images
from worker.export.camera_model import Camera
from worker.export.zips import RenderZip

SAME: Final = 0.005
"""Largest difference of a point's depth from that of its pixel, as a share of it.

A pixel's depth is that of its centre, so a slanted surface differs within the pixel."""


class Shown(msgspec.Struct, frozen=True):
    """What one view shows of n points."""

    points: NDArray[np.int64]
    """(m,), indices of the points that it shows, ascending."""
    pixels: NDArray[np.float64]
    """(m, 2), where: exact projections, x and y; pixel centres are at +0.5."""


def shown(zipped: RenderZip, view: Camera, xyz: NDArray[np.float64]) -> Shown:
    """Find which of the points (n, 3), world, a perspective view shows.

    Raises: Unsupported, RenderFailed.
    """
    pose = camera_conventions.world_to_camera_opencv(view.camera_to_world)
    local = product(xyz, pose[:3, :3].T) + pose[:3, 3]
    ahead = np.flatnonzero(local[:, 2] > 0)
    z = local[ahead, 2]
    (fx, _, cx), (_, fy, cy), _ = view.K
    pixels = np.stack([fx * local[ahead, 0] / z + cx, fy * local[ahead, 1] / z + cy], axis=-1)
    inside = ((pixels >= 0) & (pixels < view.size)).all(axis=1)
    ahead, z, pixels = ahead[inside], z[inside], pixels[inside]
    column, row = pixels.astype(np.intp).T
    depth = images.depth(zipped, view)[row, column]
    seen = np.abs(depth - z) <= SAME * z
    return Shown(ahead[seen].astype(np.int64), pixels[seen])
