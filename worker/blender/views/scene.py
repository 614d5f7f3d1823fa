"""An empty scene with one camera."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import bpy
import mathutils
import numpy as np
import numpy.typing as npt

from worker.blender import context
from worker.contract.camera_layouts import Viewpoint

SENSOR_MM = 32.0
LEAST_LENS_MM = 1.0
"""Shortest focal length that Blender accepts; for a wider view the sensor is widened."""
NEAR, FAR = 1e-3, 1e4
PROJECTIONS = {"perspective": "PERSP", "orthographic": "ORTHO"}
Array = npt.NDArray[np.float64]


def clean() -> None:
    """Remove everything of the previous object by starting an empty file; preferences are kept.

    Raises: RuntimeError or OSError, if the file cannot be written or read.
    """
    if not _empty_file().is_file():  # somebody tidies up temporary files
        _empty_file.cache_clear()
    bpy.ops.wm.read_homefile(filepath=str(_empty_file()), use_empty=True)


@functools.cache
def _empty_file() -> Path:
    """The empty file inside Blender, saved by this Blender, in a folder that no object can name.

    It takes half as long to read as the one inside Blender, which an older Blender has saved.
    """
    temporary = Path(bpy.app.tempdir)
    temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=temporary), "empty.blend")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, compress=False)
    return path


def distance(viewpoint: Viewpoint) -> float:
    """Return the distance of the camera from the origin, at least 1."""
    return max(1.0, float(np.linalg.norm(viewpoint.camera_to_world[:3, 3])))


def add_camera() -> Any:
    """Add the scene's camera; `aim` sets its pose and lens."""
    data = bpy.data.cameras.new("view")
    camera = bpy.data.objects.new("view", data)
    scene = context.scene()
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def aim(camera: Any, viewpoint: Viewpoint, distance: float) -> None:
    """Set the pose and lens of `camera` to `viewpoint`; clip planes are scaled by `distance`.

    With a horizontal sensor fit, the width of the image spans the sensor. A pixel `ratio` times as
    wide as high makes fy `ratio` times fx. Shifts are in widths of the image, to the right and up.
    """
    k, data = viewpoint.intrinsics, camera.data
    ratio = float(k[1, 1] / k[0, 0])
    render = context.scene().render
    render.pixel_aspect_x, render.pixel_aspect_y = max(1.0, ratio), max(1.0, 1.0 / ratio)
    data.shift_x = (viewpoint.width / 2.0 - k[0, 2]) / viewpoint.width
    data.shift_y = (k[1, 2] - viewpoint.height / 2.0) / ratio / viewpoint.width
    data.sensor_fit = "HORIZONTAL"
    data.type = PROJECTIONS[viewpoint.projection]
    data.lens = max(LEAST_LENS_MM, SENSOR_MM * k[0, 0] / viewpoint.width)
    data.sensor_width = data.lens * viewpoint.width / k[0, 0]
    data.ortho_scale = viewpoint.width / k[0, 0]
    place = viewpoint.camera_to_world
    data.clip_start, data.clip_end = NEAR * distance, FAR * distance
    camera.matrix_world = mathutils.Matrix(place.tolist())
