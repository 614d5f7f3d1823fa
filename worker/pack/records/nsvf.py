"""NSVF's cameras (facebookresearch/NSVF), all but the names of its images.

pose/NNN.txt    4x4 camera-to-world, OpenCV axes
intrinsics.txt  K in a 4x4; of the first view, NSVF has one for all
bbox.txt        xmin ymin zmin xmax ymax zmax and the first voxel's size
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
"""Along the box's longest side at first; NSVF splits them as it trains."""


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
    """A matrix as NSVF reads it: a line a row, numbers in full with blanks between."""
    lines = (" ".join(map(repr, row)) for row in np.asarray(matrix, np.float64).tolist())
    return "".join(f"{line}\n" for line in lines).encode()


RECORD: Final = Record(name="nsvf", of_view=_of_view, of_all=_of_all)
