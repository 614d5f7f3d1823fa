"""The stage: an empty scene, the object scaled into the unit cube, one camera."""

from __future__ import annotations

import math
from typing import Any

import bpy
import mathutils
import numpy as np
import numpy.typing as npt

from worker.blender.faults import ObjectFault

SENSOR_MM = 32.0
MESH_KINDS = frozenset({"MESH", "CURVE", "SURFACE", "FONT", "META"})
BOXED_KINDS = frozenset({"CURVES", "POINTCLOUD", "VOLUME"})
"""Rendered too, but measured by their bounding box only."""
CHUNK = 1 << 22
Array = npt.NDArray[np.float64]


def clean() -> None:
    """Leave nothing of the object before: a new file, 5 ms; preferences and add-ons stay."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def bounds() -> tuple[Array, Array]:
    """World-space corners, (3,) each, of all that will be seen: modifiers and instances applied.

    Modifiers are taken at their viewport's level of detail.
    Raises: ObjectFault("empty") when nothing has faces, or the box is not finite or has no size.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    places: dict[int, list[Array]] = {}
    shapes: dict[int, Any] = {}
    for instance in graph.object_instances:
        item: Any = instance.object
        kind = item.type
        if kind not in MESH_KINDS and kind not in BOXED_KINDS:
            continue
        if not instance.show_self:
            continue
        shape = item.data if kind == "MESH" else item.original
        key = shape.as_pointer()
        if key not in shapes:
            shapes[key] = _points(item)
        places.setdefault(key, []).append(np.array(instance.matrix_world, dtype=np.float64))
    faces = sum(shape[1] for shape in shapes.values())
    if not faces:
        loose = sum(len(shape[0]) for shape in shapes.values())
        what = f"{loose} points without a face" if loose else "no visible mesh"
        raise ObjectFault("empty", f"nothing to render: {what}")
    corners = [
        _extent(points, np.stack(places[key])) for key, (points, _) in shapes.items() if len(points)
    ]
    low = np.min([corner[0] for corner in corners], axis=0)
    high = np.max([corner[1] for corner in corners], axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise ObjectFault("empty", "the bounding box is not finite")
    if not (high - low).max() > 0.0:
        raise ObjectFault("empty", "the bounding box has no size")
    return low, high


def _points(item: Any) -> tuple[Array, int]:
    """Vertices (N,3) in the object's own space, and how many faces they make."""
    if item.type in BOXED_KINDS:
        return np.array([corner[:] for corner in item.bound_box]), 1
    try:
        mesh = item.data if item.type == "MESH" else item.to_mesh()
    except RuntimeError:  # a curve without any geometry
        return np.empty((0, 3)), 0
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    faces = len(mesh.polygons)
    if item.type != "MESH":
        item.to_mesh_clear()
    return points.reshape(-1, 3).astype(np.float64), faces


def _extent(points: Array, matrices: Array) -> tuple[Array, Array]:
    """Corners of `points` (N,3) seen through all `matrices` (M,4,4), in pieces that fit memory."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    step = max(1, CHUNK // len(points))
    for start in range(0, len(matrices), step):
        part = matrices[start : start + step]
        placed = points @ part[:, :3, :3].transpose(0, 2, 1) + part[:, None, :3, 3]
        low = np.minimum(low, placed.min(axis=(0, 1)))
        high = np.maximum(high, placed.max(axis=(0, 1)))
    return low, high


def normalise(low: Array, high: Array) -> None:
    """Put every root under one empty: the box's longest side becomes 1, its centre the origin."""
    scene: Any = bpy.context.scene
    roots = [item for item in scene.objects if item.parent is None]
    frame = bpy.data.objects.new("normalised", None)
    scene.collection.objects.link(frame)
    scale = 1.0 / float((high - low).max())
    frame.scale = (scale, scale, scale)
    frame.location = (-scale * (low + high) / 2.0).tolist()
    for root in roots:
        root.parent = frame
        root.parent_type = "OBJECT"
        root.matrix_parent_inverse = mathutils.Matrix.Identity(4)


def put_out_lights() -> None:
    """Switch off the file's own lights. They stay in place: something may hang on them."""
    for item in bpy.data.objects:
        if item.type in {"LIGHT", "LIGHT_PROBE"}:
            item.hide_render = item.hide_viewport = True
    lights: list[Any] = list(bpy.data.lights)
    for light in lights:
        light.animation_data_clear()
        light.use_nodes = False
        light.energy = 0.0  # an instance of a hidden light would still shine


def add_camera(fov: float) -> Any:
    """A camera, the scene's own, with horizontal field of view `fov` in degrees."""
    data = bpy.data.cameras.new("view")
    data.sensor_fit = "HORIZONTAL"
    data.sensor_width = SENSOR_MM
    data.lens = SENSOR_MM / (2.0 * math.tan(math.radians(fov) / 2.0))
    data.clip_start, data.clip_end = 1e-3, 1e4
    camera = bpy.data.objects.new("view", data)
    scene: Any = bpy.context.scene
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera
