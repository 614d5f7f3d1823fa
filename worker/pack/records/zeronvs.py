"""ZeroNVS's ``NNN_metadata.json``, in the format of its ``re10k`` reader (kylesargent/ZeroNVS).

extrinsics  4x4 camera-to-world, OpenGL axes
intrinsics  3x3 inverse of K, with K in pixels
"""

from __future__ import annotations

from typing import Final

from worker.codecs import camera_conventions, json_file
from worker.contract.protocol import View
from worker.core import keys
from worker.pack.placement import Placement
from worker.pack.records.base import Files, Record


def _of_view(_: int, view: View, __: Placement) -> Files:
    camera = {
        "extrinsics": view.camera_to_world,
        "intrinsics": camera_conventions.inverse_intrinsics(view.intrinsics).tolist(),
    }
    return {keys.zeronvs_file(view.name): json_file.json_file(camera)}


RECORD: Final = Record(name="zeronvs", of_view=_of_view)
