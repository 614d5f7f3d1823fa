"""The stage: an empty scene, and one camera."""

from __future__ import annotations

from typing import Any

import bpy
import mathutils
import numpy as np
import numpy.typing as npt

from worker.blender import context
from worker.contract.camera_layouts import Viewpoint

SENSOR_MM = 32.0
LEAST_LENS_MM = 1.0
"""Blender takes no shorter one: a wider view has a wider sensor."""
NEAR, FAR = 1e-3, 1e4
PROJECTIONS = {"perspective": "PERSP", "orthographic": "ORTHO"}
Array = npt.NDArray[np.float64]


def clean() -> None:
    """Leave nothing of the object before: a new file, 5 ms; preferences and add-ons stay."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def distance(viewpoint: Viewpoint) -> float:
    """How far the camera stands from the origin, and 1 at least."""
    return max(1.0, float(np.linalg.norm(viewpoint.camera_to_world[:3, 3])))


def add_camera() -> Any:
    """A camera, the scene's own; `aim` gives it its place and lens."""
    data = bpy.data.cameras.new("view")
    camera = bpy.data.objects.new("view", data)
    scene = context.scene()
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def aim(camera: Any, viewpoint: Viewpoint, distance: float) -> None:
    """Make `camera` see what `viewpoint` says. Near and far planes go with its `distance`."""
    k, data = viewpoint.intrinsics, camera.data
    data.sensor_fit = "HORIZONTAL"
    data.type = PROJECTIONS[viewpoint.projection]
    data.lens = max(LEAST_LENS_MM, SENSOR_MM * k[0, 0] / viewpoint.width)
    data.sensor_width = data.lens * viewpoint.width / k[0, 0]
    data.ortho_scale = viewpoint.width / k[0, 0]
    place = viewpoint.camera_to_world
    data.clip_start, data.clip_end = NEAR * distance, FAR * distance
    camera.matrix_world = mathutils.Matrix(place.tolist())
