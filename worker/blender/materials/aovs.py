"""Render passes written as AOVs by the materials: base colour, alpha, metallic and roughness.

Cycles' DiffCol pass is black for metals; these passes hold the inputs of the shaders instead. A
material writes its AOVs at every surface that a camera ray crosses, up to the first one that counts
(see `Subject.least_alpha`). Surfaces before that one must write 0.
"""

from __future__ import annotations

from typing import Any, Callable

import bpy

from worker.blender import compat
from worker.blender.importing import file_data
from worker.blender.materials.shader_reader import HOLDOUT, Reader, Value, put
from worker.contract.render_passes import ALBEDO, AOVS, COVERAGE, MATERIAL, Pass

AOV_TYPES = {ALBEDO: "COLOR", MATERIAL: "COLOR", COVERAGE: "VALUE"}
NODE = "ShaderNodeOutputAOV"
HELD_OUT = "worker_held_out"


def add(layer: Any, wanted: tuple[Pass, ...], least_alpha: float) -> None:
    """Add the AOVs among `wanted` to the view layer and to every material."""
    chosen = [aov for aov in AOVS if aov in wanted]
    for aov in chosen:
        made = layer.aovs.add()
        made.name, made.type = aov.layer, AOV_TYPES[aov]
    if not chosen:
        return
    for tree in file_data.node_trees():
        for node in list(tree.nodes):
            if node.bl_idname == NODE:  # an AOV node of the file could write to ours
                tree.nodes.remove(node)
    has_holdouts = _mark_holdouts(layer)
    for material in list(bpy.data.materials):
        if material.node_tree is not None:
            _write(material.node_tree, chosen, least_alpha, has_holdouts=has_holdouts)


def _mark_holdouts(layer: Any) -> bool:
    """Give each object a property that says whether it is a holdout, if any is one.

    Cycles writes AOVs at holdouts, which no other pass shows.
    """
    items: list[Any] = list(bpy.data.objects)
    marks = [float(item.holdout_get(view_layer=layer)) for item in items]
    if not any(marks):
        return False
    for item, mark in zip(items, marks):
        item[HELD_OUT] = mark
        item.update_tag()
    return True


def _write(tree: Any, chosen: list[Pass], least_alpha: float, *, has_holdouts: bool) -> None:
    reader = Reader(tree)
    surface = reader.material()
    if surface is None or surface.kind == HOLDOUT:
        return
    counted = reader.math("GREATER_THAN", surface.alpha, least_alpha) if least_alpha else 1.0
    if has_holdouts:
        held_out = tree.nodes.new("ShaderNodeAttribute")
        # As Cycles does, ask the instancer, and the object itself only if it is no instance.
        held_out.attribute_type, held_out.attribute_name = "INSTANCER", HELD_OUT
        shown = reader.math("SUBTRACT", 1.0, held_out.outputs["Fac"])
        counted = reader.math("MULTIPLY", counted, shown)
    packed = (surface.alpha, surface.metallic, surface.roughness)
    values: dict[Pass, Callable[[], Value]] = {
        ALBEDO: lambda: reader.scale(surface.colour, counted),
        MATERIAL: lambda: reader.scale(reader.pack(packed), counted),
        COVERAGE: lambda: counted,
    }
    for aov in chosen:
        node = tree.nodes.new(NODE)
        compat.name_aov(node, aov.layer)
        put(tree, values[aov](), node.inputs["Value" if AOV_TYPES[aov] == "VALUE" else "Color"])
