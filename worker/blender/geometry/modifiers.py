"""Modifiers evaluated once: a subdivision of a heavy mesh costs more than all views of it.

Blender evaluates the scene once to measure it and once more to render it, in two graphs that share
nothing. What the first evaluation made of a mesh is given to the second as a plain mesh.
"""

from __future__ import annotations

from typing import Any

import bpy

COSTLY = frozenset({"SUBSURF", "MULTIRES"})
PLAIN = COSTLY | frozenset({
    "ARMATURE", "ARRAY", "BEVEL", "BOOLEAN", "BUILD", "CAST", "CORRECTIVE_SMOOTH", "CURVE",
    "DECIMATE", "DISPLACE", "EDGE_SPLIT", "HOOK", "LAPLACIANDEFORM", "LAPLACIANSMOOTH", "LATTICE",
    "MASK", "MESH_DEFORM", "MIRROR", "NORMAL_EDIT", "REMESH", "SCREW", "SHRINKWRAP",
    "SIMPLE_DEFORM", "SKIN", "SMOOTH", "SOLIDIFY", "SURFACE_DEFORM", "TRIANGULATE", "UV_PROJECT",
    "UV_WARP", "VERTEX_WEIGHT_EDIT", "VERTEX_WEIGHT_MIX", "VERTEX_WEIGHT_PROXIMITY", "WARP", "WAVE",
    "WEIGHTED_NORMAL", "WELD", "WIREFRAME",
})  # fmt: skip
"""Modifiers whose whole result is the object's mesh: no particles, instances, simulations."""
MEASURED = PLAIN - {"SCREW"}
"""Those with no level of detail of their own for the render, but for what `as_rendered` levels."""


def are_measured(items: list[Any]) -> bool:
    """Whether what `items`' modifiers make for the render is what they make to be measured."""
    return all(
        modifier.type in MEASURED
        for item in items
        for modifier in item.modifiers
        if modifier.show_render
    )


def as_rendered() -> None:
    """Measure at the level of detail that is rendered, so that the one evaluation serves both."""
    found: list[Any] = [one for item in bpy.data.objects for one in item.modifiers]
    for modifier in found:
        if modifier.type in COSTLY and modifier.levels != modifier.render_levels:
            modifier.levels = modifier.render_levels


def evaluate_anew() -> None:
    """Evaluate what has modifiers again: that a picture was replaced, Blender does not notice."""
    for item in bpy.data.objects:
        if item.modifiers:
            item.update_tag()
    context: Any = bpy.context
    context.view_layer.update()


def apply_costly() -> None:
    """Put the evaluated mesh in the place of a costly modifier's; for a scene that stands still."""
    context: Any = bpy.context
    graph = context.evaluated_depsgraph_get()
    for item in [item for item in context.scene.objects if _is_costly(item)]:
        before = item.data
        mesh = bpy.data.meshes.new_from_object(
            item.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph
        )
        mesh.name = before.name
        item.modifiers.clear()
        item.data = mesh
        if before.users == 0:
            bpy.data.meshes.remove(before)
    context.view_layer.update()


def _is_costly(item: Any) -> bool:
    kinds = {modifier.type for modifier in item.modifiers if modifier.show_render}
    return (
        item.type == "MESH"
        and not item.hide_render
        and item.instance_type == "NONE"
        and not kinds.isdisjoint(COSTLY)
        and kinds <= PLAIN
    )
