"""Colours of objects that bring no material of their own."""

from __future__ import annotations

from typing import Any

import bpy

from worker.blender import compat
from worker.blender.streams import Colour


def paint_all(colour: Colour) -> None:
    """Give every shape the same plain material of scene-linear `colour`."""
    material = _material("one colour")
    compat.socket(_surface(material), "Base Color").default_value = colour
    for data in _shapes():
        data.materials.clear()
        data.materials.append(material)
    for item in bpy.data.objects:
        for slot in item.material_slots:
            slot.link = "DATA"


def show_vertex_colours() -> None:
    """Let vertex colours be seen on meshes without any material; Blender shows them grey."""
    made: dict[str, Any] = {}
    for mesh in bpy.data.meshes:
        if any(mesh.materials) or not mesh.color_attributes:
            continue
        name = mesh.color_attributes[0].name
        if name not in made:
            made[name] = _material(f"vertex colours {name}")
            tree = made[name].node_tree
            colours = tree.nodes.new("ShaderNodeAttribute")
            colours.attribute_name = name
            surface = _surface(made[name])
            tree.links.new(colours.outputs["Color"], compat.socket(surface, "Base Color"))
        mesh.materials.clear()
        mesh.materials.append(made[name])


def _shapes() -> list[Any]:
    kinds = (bpy.data.meshes, bpy.data.curves, bpy.data.metaballs)
    return [data for kind in kinds for data in kind]


def _material(name: str) -> Any:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    return material


def _surface(material: Any) -> Any:
    return next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
