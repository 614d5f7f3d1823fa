"""Evaluates costly modifiers only once; subdividing a heavy mesh can take longer than its views.

Blender evaluates the scene once for measuring and once for rendering, in two dependency graphs
that share nothing. The mesh that the first evaluation produced replaces the modifiers, so that the
second one gets a plain mesh.
"""

from __future__ import annotations

from typing import Any

import bpy

from worker.blender.geometry import hair

COSTLY = frozenset({"SUBSURF", "MULTIRES"})
PLAIN = COSTLY | frozenset({
    "ARMATURE", "ARRAY", "BEVEL", "BOOLEAN", "BUILD", "CAST", "CORRECTIVE_SMOOTH", "CURVE",
    "DECIMATE", "DISPLACE", "EDGE_SPLIT", "HOOK", "LAPLACIANDEFORM", "LAPLACIANSMOOTH", "LATTICE",
    "MASK", "MESH_DEFORM", "MIRROR", "NORMAL_EDIT", "REMESH", "SCREW", "SHRINKWRAP",
    "SIMPLE_DEFORM", "SKIN", "SMOOTH", "SOLIDIFY", "SURFACE_DEFORM", "TRIANGULATE", "UV_PROJECT",
    "UV_WARP", "VERTEX_WEIGHT_EDIT", "VERTEX_WEIGHT_MIX", "VERTEX_WEIGHT_PROXIMITY", "WARP", "WAVE",
    "WEIGHTED_NORMAL", "WELD", "WIREFRAME",
})  # fmt: skip
"""Modifiers that change only the object's mesh: no particles, instances or simulations."""
IS_VIEWPORT = "GeometryNodeIsViewport"
MEASURED = PLAIN - {"SCREW"}
"""Modifiers with no separate level of detail for renders, or one that `as_rendered` equalises."""


def are_measured(items: list[Any]) -> bool:
    """Whether the modifiers of `items` give the same mesh for rendering as for measuring."""
    return all(
        modifier.type in MEASURED
        for item in items
        for modifier in item.modifiers
        if modifier.show_render
    )


def as_rendered() -> None:
    """Set the viewport's level of detail to that of the render, so that both evaluations agree."""
    hair.as_rendered()
    metaballs: list[Any] = list(bpy.data.metaballs)
    for metaball in metaballs:
        metaball.resolution = metaball.render_resolution
    curves: list[Any] = list(bpy.data.curves)
    for curve in curves:
        curve.resolution_u = curve.render_resolution_u or curve.resolution_u
        curve.resolution_v = curve.render_resolution_v or curve.resolution_v
    for tree in bpy.data.node_groups:
        _answer_render(tree)
    found: list[Any] = [one for item in bpy.data.objects for one in item.modifiers]
    for modifier in found:
        if modifier.type in COSTLY and modifier.levels != modifier.render_levels:
            modifier.levels = modifier.render_levels


def _answer_render(tree: Any) -> None:
    """Make the nodes that ask whether they run in the viewport say that they do not."""
    for node in [node for node in tree.nodes if node.bl_idname == IS_VIEWPORT]:
        answer = tree.nodes.new("FunctionNodeInputBool")
        answer.boolean = False
        for link in list(node.outputs[0].links):
            tree.links.new(answer.outputs[0], link.to_socket)
        tree.nodes.remove(node)


def evaluate_anew() -> None:
    """Re-evaluate objects with modifiers; Blender does not notice that an image was replaced."""
    for item in bpy.data.objects:
        if item.modifiers:
            item.update_tag()
    context: Any = bpy.context
    context.view_layer.update()


def apply_costly() -> bool:
    """Replace meshes that have costly modifiers by their evaluated meshes; for static scenes.

    Returns: whether there were any.
    """
    context: Any = bpy.context
    graph = context.evaluated_depsgraph_get()
    items = [item for item in context.scene.objects if _is_costly(item)]
    for item in items:
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
    return bool(items)


def _is_costly(item: Any) -> bool:
    kinds = {modifier.type for modifier in item.modifiers if modifier.show_render}
    return (
        item.type == "MESH"
        and not item.hide_render
        and item.instance_type == "NONE"
        and not kinds.isdisjoint(COSTLY)
        and kinds <= PLAIN
    )
