"""Layouts of the export kind `nerf`. A layout in the table becomes a choice of --layout."""

from __future__ import annotations

from typing import Final

from worker.export.layouts import blender, get3d, instant_ngp, nerfstudio, nsvf
from worker.export.layouts.base import NerfLayout

NERF_LAYOUTS: Final[dict[str, NerfLayout]] = {
    "blender": blender.LAYOUT,
    "nsvf": nsvf.LAYOUT,
    "nerfstudio": nerfstudio.LAYOUT,
    "instant-ngp": instant_ngp.LAYOUT,
    "get3d": get3d.LAYOUT,
}
