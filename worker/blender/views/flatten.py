"""Replaces a scene by what it shows: one plain object for each instance, each where it is.

Constraints, drivers, instances and geometry nodes may use lengths and places of the world, so that
a parent cannot scale them.
"""

from __future__ import annotations

from typing import Any

import bpy

from worker.blender import context
from worker.blender.geometry.extent import BOXED_TYPES, MESH_TYPES, SHAPE_TYPES, has_content

KEPT_TYPES = frozenset({"LIGHT", "CAMERA"})
FLAGS = ("visible_camera", "visible_diffuse", "visible_glossy", "visible_transmission",
         "visible_volume_scatter", "visible_shadow", "is_shadow_catcher", "is_holdout")  # fmt: skip
NEGATIVE = frozenset({"is_shadow_catcher", "is_holdout"})
"""Flags that an instance has if the object or its instancer has it; the others, if both have it."""


def resists_parents(objects: list[Any]) -> bool:
    """Whether a scaled parent of `objects` would change more than their size and place."""
    return any(
        item.constraints
        or item.instance_type != "NONE"
        or any(each.type == "NODES" for each in item.modifiers)
        or (item.animation_data is not None and len(item.animation_data.drivers))
        for item in objects
    )


def flatten() -> bool:
    """Replace the scene at its current frame, except for lights. Returns: whether it could be.

    Hair, points, curves of hair and volumes cannot be made plain objects.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    meshes: dict[tuple[int, int], Any] = {}
    shown: list[tuple[Any, str, Any, dict[str, bool]]] = []
    for instance in graph.object_instances:
        item: Any = instance.object
        if item.type not in SHAPE_TYPES:
            continue
        if item.type in BOXED_TYPES and not has_content(item):
            continue
        if item.type not in MESH_TYPES or item.particle_systems:
            return False
        if not instance.show_self:
            continue
        data = item.data.as_pointer() if item.type == "MESH" else 0
        key = (item.original.as_pointer(), data)
        if key not in meshes:
            meshes[key] = _mesh(item, graph)
        if meshes[key] is not None:
            flags = _flags(item, instance.parent if instance.is_instance else None)
            world: Any = instance.matrix_world
            shown.append((meshes[key], item.name, world.copy(), flags))
    origin = bpy.data.objects.new("origin", None)
    _remove_all(origin)
    context.scene().collection.objects.link(origin)
    for mesh, name, matrix, flags in shown:
        made: Any = bpy.data.objects.new(name, mesh)
        context.scene().collection.objects.link(made)
        _put(made, origin, matrix)
        for flag, value in flags.items():
            setattr(made, flag, value)
    context.scene().view_layers[0].update()
    return True


def _mesh(item: Any, graph: Any) -> Any:
    """A new mesh of the evaluated geometry of `item`, with the materials of its slots."""
    try:
        mesh: Any = bpy.data.meshes.new_from_object(
            item, preserve_all_data_layers=True, depsgraph=graph
        )
    except RuntimeError:  # a curve without any geometry
        return None
    for number, slot in enumerate(item.material_slots):
        if slot.link == "OBJECT" and number < len(mesh.materials):
            mesh.materials[number] = slot.material and slot.material.original
    return mesh


def _flags(item: Any, instancer: Any) -> dict[str, bool]:
    owners = [each for each in (item, instancer) if each is not None]
    return {
        flag: (any if flag in NEGATIVE else all)(getattr(each, flag) for each in owners)
        for flag in FLAGS
    }


def _put(item: Any, origin: Any, matrix: Any) -> None:
    """Put `item` at `matrix`. Unlike location, rotation and scale, a parent's may be sheared."""
    item.parent, item.parent_type = origin, "OBJECT"
    item.matrix_parent_inverse = matrix


def _remove_all(origin: Any) -> None:
    """Remove all objects but `origin`, and lights and cameras, which stay where they are."""
    objects: list[Any] = [item for item in bpy.data.objects if item != origin]
    matrices = {item: item.matrix_world.copy() for item in objects if item.type in KEPT_TYPES}
    for item in objects:
        if item not in matrices:
            bpy.data.objects.remove(item)
    for item, matrix in matrices.items():
        item.animation_data_clear()
        item.constraints.clear()
        item.matrix_basis = matrix.Identity(4)
        _put(item, origin, matrix)
