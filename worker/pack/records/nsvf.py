"""NSVF's camera files (facebookresearch/NSVF). Images keep this program's own names.

pose/NNN.txt    4x4 camera-to-world, OpenCV axes
intrinsics.txt  4x4 with K of the first view; NSVF uses one K for all views
bbox.txt        xmin ymin zmin xmax ymax zmax, then the initial voxel size
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from worker.codecs import camera_conventions
from worker.contract.protocol import View
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.pack.placement import Placement
from worker.pack.records.base import Files, Record, Taken

VOXELS: Final = 10
"""Initial number of voxels along the box's longest side; NSVF splits voxels during training."""


def _of_view(_: int, view: View, __: Placement) -> Files:
    return {
        keys.pose_file(view.name): rows(
            camera_conventions.camera_to_world_opencv(view.camera_to_world)
        )
    }


def _of_all(taken: Taken, _: Recipe) -> Files:
    low, high = taken.placement.low, taken.placement.high
    voxel = max(np.subtract(high, low)) / VOXELS
    return {
        keys.INTRINSICS: rows(camera_conventions.intrinsics_4x4(taken.views[0].intrinsics)),
        keys.BBOX: rows([[*low, *high, voxel]]),
    }


def rows(matrix: ArrayLike) -> bytes:
    """Format a matrix as text: one line per row, numbers at full precision, space-separated."""
    lines = (" ".join(map(repr, row)) for row in np.asarray(matrix, np.float64).tolist())
    return "".join(f"{line}\n" for line in lines).encode()


RECORD: Final = Record(name="nsvf", of_view=_of_view, of_all=_of_all)
