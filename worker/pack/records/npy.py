"""Objaverse-XL's ``NNN.npy``, one per view: 3x4 float64 world-to-camera, Blender axes.

float64 because Objaverse-XL passes a mathutils.Matrix to numpy.save, which converts it to float64.
"""

from __future__ import annotations

from typing import Final

from worker.codecs import camera_conventions, image_formats
from worker.contract.protocol import View
from worker.core import keys
from worker.pack.placement import Placement
from worker.pack.records.base import Files, Record


def _of_view(_: int, view: View, __: Placement) -> Files:
    matrix = camera_conventions.world_to_camera_3x4(view.camera_to_world)
    return {keys.matrix_file(view.name): image_formats.NPY.encode(matrix)}


RECORD: Final = Record(name="npy-3x4", of_view=_of_view)
