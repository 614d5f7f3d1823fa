"""What every sample is put together from: meshes, boxes, plain and unlit materials."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from worker.blender.shapes import Shape

Finish = tuple[str, tuple[float, float, float], float, float]
"""A material: name, linear RGB, metallic, roughness."""


def add(name: str, shape: Shape, finish: Finish | None) -> Any:
    """A new object of `shape` in the scene."""
    mesh: Any = bpy.data.meshes.new(name)
    mesh.from_pydata(shape.points.tolist(), [], shape.faces)
    mesh.polygons.foreach_set("use_smooth", [shape.smooth] * len(mesh.polygons))
    if shape.colours is not None:
        colours = mesh.color_attributes.new("Col", "BYTE_COLOR", "CORNER")
        corners = np.empty(len(mesh.loops), dtype=np.int32)
        mesh.loops.foreach_get("vertex_index", corners)
        colours.data.foreach_set("color", shape.colours[corners].ravel().astype(np.float32))
    if finish is not None:
        mesh.materials.append(finish_of(finish))
    item = bpy.data.objects.new(name, mesh)
    context: Any = bpy.context
    context.scene.collection.objects.link(item)
    return item


def finish_of(finish: Finish) -> Any:
    """The scene's one material of `finish`."""
    name, colour, metallic, roughness = finish
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    material: Any = bpy.data.materials.new(name)
    material.use_nodes = True
    material.diffuse_color = (*colour, 1.0)
    material.metallic, material.roughness = metallic, roughness
    surface = material.node_tree.nodes["Principled BSDF"]
    for socket, value in (
        ("Base Color", (*colour, 1.0)),
        ("Metallic", metallic),
        ("Roughness", roughness),
    ):
        surface.inputs[socket].default_value = value
    return material
