"""Render passes that the materials write themselves: base colour, alpha, metallic, roughness.

Cycles' own DiffCol is black for a metal; these are what the shaders are given. A material writes
them on every surface that a camera ray crosses until the first one counted, see
`Subject.least_alpha`; those before it must write 0.
"""

from __future__ import annotations

from typing import Any, Callable

import bpy

from worker.blender import compat
from worker.blender.importing import importers
from worker.blender.materials.shader_reader import Reader, Value, put
from worker.contract.render_passes import ALBEDO, AOVS, COVERAGE, MATERIAL, Pass

AOV_TYPES = {ALBEDO: "COLOR", MATERIAL: "COLOR", COVERAGE: "VALUE"}
NODE = "ShaderNodeOutputAOV"


def add(layer: Any, wanted: tuple[Pass, ...], least_alpha: float) -> None:
    """Let the view layer have those of `wanted` that are AOVs, and every material write them."""
    chosen = [aov for aov in AOVS if aov in wanted]
    for aov in chosen:
        made = layer.aovs.add()
        made.name, made.type = aov.layer, AOV_TYPES[aov]
    if not chosen:
        return
    for tree in importers.node_trees():
        for node in list(tree.nodes):
            if node.bl_idname == NODE:  # the file's own could write into ours
                tree.nodes.remove(node)
    for material in list(bpy.data.materials):
        if material.node_tree is not None:
            _write(material.node_tree, chosen, least_alpha)


def _write(tree: Any, chosen: list[Pass], least_alpha: float) -> None:
    reader = Reader(tree)
    surface = reader.material()
    if surface is None:
        return
    counted = reader.math("GREATER_THAN", surface.alpha, least_alpha) if least_alpha else 1.0
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
