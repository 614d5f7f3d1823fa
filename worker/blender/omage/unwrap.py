"""Makes a UV map with Blender's Smart UV Project."""

from __future__ import annotations

import math

import bpy
import numpy as np

from worker.blender.faults import ObjectFault, brief
from worker.blender.geometry.triangle_soup import Array
from worker.blender.omage import mesh as meshes

GAP = 0.001
"""Gap between charts in the UV map.

Without a gap, two charts that touch at an edge they share on the object would count as one.
"""


def unwrap(points: Array, triangles: Array, angle: float) -> Array:
    """Unwrap `triangles` (T,3) of welded `points` (V,3), at the same scale in all charts.

    Faces whose normals differ by less than `angle` degrees are projected together. All existing
    objects are removed from the scene. Returns: UV coordinates (T,3,2).
    Raises: ObjectFault("render").
    """
    made = meshes.add(points, triangles)
    mesh = made.data
    mesh.uv_layers.new(name="made", do_init=False)
    mesh.polygons.foreach_set("select", np.ones(len(triangles), bool))
    operators = bpy.ops
    try:
        operators.object.mode_set(mode="EDIT")
        operators.mesh.select_all(action="SELECT")
        operators.uv.smart_project(angle_limit=math.radians(angle), island_margin=GAP)
    except RuntimeError as error:
        raise ObjectFault("render", f"cannot make a UV map: {brief(error)}") from error
    finally:
        if made.mode == "EDIT":
            operators.object.mode_set(mode="OBJECT")
    uv = np.empty(len(mesh.loops) * 2, np.float32)
    mesh.uv_layers["made"].data.foreach_get("uv", uv)
    bpy.data.meshes.remove(mesh)
    return uv.reshape(-1, 3, 2).astype(np.float64)
