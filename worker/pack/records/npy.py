"""Objaverse-XL's ``NNN.npy``, one per view: 3x4 float64 world-to-camera, Blender axes.

float64 because upstream hands numpy.save a mathutils.Matrix, which numpy reads as that.
"""

from __future__ import annotations

from typing import Final

from worker import keys
from worker.blender.messages import View
from worker.pack import conventions, form
from worker.pack.placement import Placement
from worker.pack.records.base import Files, Record


def _of_view(_: int, view: View, __: Placement) -> Files:
    matrix = conventions.world_to_camera_3x4(view.camera_to_world)
    return {keys.matrix_file(view.name): form.NPY.encode(matrix)}


RECORD: Final = Record(name="npy-3x4", of_view=_of_view)
