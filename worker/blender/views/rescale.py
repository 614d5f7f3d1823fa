"""Scales and moves the model itself, only where float32 is too inaccurate for it as it is.

Lengths in materials are not scaled, so all other models stay untransformed (see `placement`).
"""

from __future__ import annotations

from typing import Any

import bpy
import mathutils
import numpy as np

from worker.blender import context
from worker.blender.geometry.extent import Array
from worker.blender.views import flatten
from worker.blender.views.placement import Placement
from worker.contract.linear import product

STILL_TYPES = frozenset({"MESH", "EMPTY", "LIGHT", "CAMERA"})


def rescale(placed: Placement, *, is_still: bool) -> None:
    """Transform the model by `placed`. `is_still`: whether all views show the current frame.

    If nothing animates or deforms the model, its vertices are also centred, in double precision.
    Only this keeps the precision of a model that is a million times its size from its origin.
    """
    objects: list[Any] = list(context.scene().objects)
    if is_still and flatten.resists_parents(objects) and flatten.flatten():
        objects = list(context.scene().objects)
    if all(map(_is_still, objects)):
        _move(objects, placed)
    else:
        _parent(objects, placed)


def _is_still(item: Any) -> bool:
    data = item.data
    moved = [item.animation_data, getattr(data, "animation_data", None)]
    moved.append(getattr(getattr(data, "shape_keys", None), "animation_data", None))
    return (
        item.type in STILL_TYPES
        and item.instance_type == "NONE"
        and not (item.modifiers or item.constraints or item.particle_systems)
        and all(each is None for each in moved)
        and item.library is None
    )


def _move(objects: list[Any], placed: Placement) -> None:
    matrices = [np.array(item.matrix_world, np.float64) for item in objects]
    shifts: dict[Any, Array] = {}
    frame = _frame()
    for item, matrix in zip(objects, matrices):
        shift = np.zeros(3)
        if item.type == "MESH":
            if item.data not in shifts:
                shifts[item.data] = _centre(item.data)
            shift = shifts[item.data]
        linear = placed.scale * matrix[:3, :3]
        at = placed.scale * (product(shift, matrix[:3, :3].T) + matrix[:3, 3] - placed.centre)
        rows = [[*linear[row], at[row]] for row in range(3)]
        _hang(item, frame, mathutils.Matrix([*rows, [0.0, 0.0, 0.0, 1.0]]))
        item.delta_location = item.delta_rotation_euler = (0.0, 0.0, 0.0)
        item.delta_rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
        item.delta_scale = (1.0, 1.0, 1.0)
        item.matrix_basis = mathutils.Matrix.Identity(4)
    context.scene().view_layers[0].update()


def _centre(mesh: Any) -> Array:
    """Centre a mesh's vertices and shape keys on its origin. Returns: their former centre (3,)."""
    points = _read(mesh.vertices)
    if not len(points):
        return np.zeros(3)
    shift: Array = (points.min(axis=0) + points.max(axis=0)) / 2.0
    blocks = mesh.shape_keys.key_blocks if mesh.shape_keys else ()
    for holder in (mesh.vertices, *(block.data for block in blocks)):
        moved = _read(holder) - shift
        holder.foreach_set("co", moved.astype(np.float32).ravel())
    mesh.update()
    return shift


def _read(holder: Any) -> Array:
    points = np.empty(3 * len(holder), np.float32)
    holder.foreach_get("co", points)
    return points.reshape(-1, 3).astype(np.float64)


def _parent(objects: list[Any], placed: Placement) -> None:
    frame = _frame()
    frame.scale = (placed.scale,) * 3
    frame.location = (-placed.scale * placed.centre).tolist()
    for item in objects:
        if item.parent is None:
            _hang(item, frame, mathutils.Matrix.Identity(4))


def _frame() -> Any:
    frame = bpy.data.objects.new("normalised", None)
    context.scene().collection.objects.link(frame)
    return frame


def _hang(item: Any, frame: Any, between: Any) -> None:
    """Make `frame` the parent of `item`, with `between` as the parent inverse matrix.

    Unlike location, rotation and scale, this matrix can contain shear.
    """
    item.parent = frame
    item.parent_type = "OBJECT"
    item.matrix_parent_inverse = between
