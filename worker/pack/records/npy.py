"""Objaverse-XL's ``NNN.npy``, one per view: 3x4 float64 world-to-camera, Blender axes.

float64 because upstream hands numpy.save a mathutils.Matrix, which numpy reads as that.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from worker import keys
from worker.blender.messages import View
from worker.blender.recipe import Recipe
from worker.pack import conventions


def write(views: Sequence[View], _: Recipe) -> dict[str, bytes]:
    """Every view's matrix, by file name."""
    return {keys.matrix_file(view.name): _npy(view) for view in views}


def _npy(view: View) -> bytes:
    buffer = io.BytesIO()
    matrix = conventions.world_to_camera_3x4(view.camera_to_world)
    np.save(buffer, np.ascontiguousarray(matrix), allow_pickle=False)
    return buffer.getvalue()
