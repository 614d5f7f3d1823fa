"""GPT4Point's JSON file per view and info.json, in the format of Shap-E's renders.

Each view's file is written under two names: ``000.json``, as GPT4Point's README lists it, and
``00000.json``, as its reader opens it.
"""

from __future__ import annotations

from typing import Final

from worker.codecs import camera_conventions, json_file
from worker.contract.protocol import View
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.pack.placement import Placement
from worker.pack.records.base import Files, Record, Taken

FORMAT_VERSION: Final = 6
MAX_DEPTH: Final = 5.0
"""`worker.presets` ensures that a recipe with this record stores 16-bit depth from 0 to 5."""
INFO: Final = {
    "backend": "CYCLES",
    "light_mode": "uniform",
    "fast_mode": True,
    "extract_material": True,
    "format_version": FORMAT_VERSION,
    "channels": ["R", "G", "B", "A", "D", "MatAlpha"],
    "scale": 0.5,
}


def _of_view(number: int, view: View, placement: Placement) -> Files:
    x_fov, y_fov = camera_conventions.fov(view.intrinsics, view.width, view.height)
    vectors = camera_conventions.shap_e_vectors(view.camera_to_world)
    data = json_file.json_file(
        {
            "format_version": FORMAT_VERSION,
            "max_depth": MAX_DEPTH,
            "bbox": [placement.low, placement.high],
            "origin": vectors.origin,
            "x_fov": x_fov,
            "y_fov": y_fov,
            "x": vectors.x,
            "y": vectors.y,
            "z": vectors.z,
        }
    )
    return dict.fromkeys(keys.gpt4point_files(number), data)


def _of_all(_: Taken, __: Recipe) -> Files:
    return {keys.INFO: json_file.json_file(INFO)}


RECORD: Final = Record(name="gpt4point", of_view=_of_view, of_all=_of_all)
