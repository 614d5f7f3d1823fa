"""Backface culling: makes the backs of single-sided faces transparent to all rays."""

from __future__ import annotations

from typing import Any

import bpy

from worker.contract.recipe import Subject

SINGLE_SIDED_FORMATS = frozenset({"glb", "gltf"})
"""Formats whose materials declare whether they are double-sided; Cycles always shows both sides."""
TRANSMISSION = ("Transmission Weight", "Transmission")


def hide(subject: Subject, suffix: str) -> None:
    """Make the backs of faces transparent where `subject.backfaces` requires it."""
    if subject.backfaces == "shown":
        return
    by_file = subject.backfaces == "file"
    if by_file and suffix not in SINGLE_SIDED_FORMATS:
        return
    materials: list[Any] = list(bpy.data.materials)
    for material in materials:
        if material.use_nodes and not (by_file and not material.use_backface_culling):
            _hide(material.node_tree)


def _hide(tree: Any) -> None:
    output = tree.get_output_node("CYCLES")
    surface = output.inputs["Surface"] if output is not None else None
    if surface is None or not surface.is_linked or _transmits(tree, output):
        return
    shader = surface.links[0].from_socket
    geometry = tree.nodes.new("ShaderNodeNewGeometry")
    clear = tree.nodes.new("ShaderNodeBsdfTransparent")
    mix = tree.nodes.new("ShaderNodeMixShader")
    tree.links.new(geometry.outputs["Backfacing"], mix.inputs[0])
    tree.links.new(shader, mix.inputs[1])
    tree.links.new(clear.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], surface)


def _transmits(tree: Any, output: Any) -> bool:
    """Whether light passes through the material.

    Its backs must stay, because light leaves a body through the backs of its faces.
    """
    if output.inputs["Volume"].is_linked:
        return True
    for node in tree.nodes:
        if node.bl_idname in {"ShaderNodeBsdfGlass", "ShaderNodeBsdfRefraction"}:
            return True
        for name in TRANSMISSION:
            socket = node.inputs.get(name)
            if socket is not None and (socket.is_linked or socket.default_value > 0.0):
                return True
    return False
