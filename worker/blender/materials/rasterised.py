"""Makes materials that rasterisers draw as Cycles does, as far as they can."""

from __future__ import annotations

from typing import Any, Callable

import bpy

from worker.blender import compat
from worker.blender.materials.shader_reader import DEPTH, Reader, link_of, origin_of, put
from worker.blender.materials.transparency import is_transparent

OUTPUT = "ShaderNodeOutputMaterial"
PICTURE = "ShaderNodeTexImage"
BARE = (0.8, 0.8, 0.8)
"""What Workbench shows where a colour is neither constant nor a picture: Blender's own grey."""


def for_eevee() -> None:
    """Let EEVEE draw the surfaces that Cycles would trace, through what is not opaque."""
    for material in _materials():
        compat.draw_through(material)
        if material.node_tree is not None:
            _one_output(material.node_tree)


def _one_output(tree: Any) -> None:
    """A file may have an output for each engine."""
    shown = tree.get_output_node("CYCLES")
    for node in tree.nodes:
        if node.bl_idname == OUTPUT:
            node.target = "ALL" if node == shown else "CYCLES"
            node.is_active_output = node == shown


def cut_out(least_alpha: float) -> Callable[[], None]:
    """Make what is not opaque either opaque or clear, by its alpha at each point.

    So data passes show the first surface of at least `least_alpha`. Returns: what undoes it.
    """
    undone: list[Callable[[], None]] = []
    for material in _materials():
        tree = material.node_tree
        surface = None if tree is None else Reader(tree).material()
        if surface is None or (isinstance(surface.alpha, float) and surface.alpha >= 1.0):
            continue
        undone.append(_cut_out(tree, surface.alpha, least_alpha))

    def undo() -> None:
        for each in undone:
            each()

    return undo


def _cut_out(tree: Any, alpha: Any, least_alpha: float) -> Callable[[], None]:
    shown = tree.get_output_node("CYCLES").inputs["Surface"]
    shader = link_of(shown).from_socket
    # An alpha of 0 counts as seen if nothing is absent, as in Cycles.
    counted = Reader(tree).math("GREATER_THAN", alpha, least_alpha) if least_alpha else 1.0
    clear = tree.nodes.new("ShaderNodeBsdfTransparent")
    solid = tree.nodes.new("ShaderNodeBsdfDiffuse")
    mix = tree.nodes.new("ShaderNodeMixShader")
    put(tree, counted, mix.inputs[0])
    tree.links.new(clear.outputs[0], mix.inputs[1])
    tree.links.new(solid.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], shown)
    return lambda: tree.links.new(shader, shown)


def for_workbench() -> None:
    """Let Workbench, which knows no nodes, show the base colour: a constant, or its picture.

    What is wholly clear stays so; all else is opaque, and texels of alpha below 0.1 are holes.
    """
    for material in _materials():
        clear = is_transparent(material)
        tree = material.node_tree
        surface = Reader(tree).material() if material.use_nodes and tree is not None else None
        if surface is not None:
            colour, picture = surface.colour, None
            if not isinstance(colour, tuple):
                picture = _picture(colour)
                colour = BARE
            _leave_only(tree, picture)
            material.diffuse_color = (*colour, 1.0)
        material.diffuse_color[3] = 0.0 if clear else 1.0


def _picture(colour: Any) -> Any:
    """The picture that an output socket's colour comes from, or None."""
    waiting, looked_at = [colour.node], 0
    while waiting and looked_at < DEPTH:
        looked_at += 1
        node = waiting.pop(0)
        if node.bl_idname == PICTURE and node.image is not None:
            return node
        found = (origin_of(socket) for socket in node.inputs)
        waiting += [origin.node for origin in found if origin is not None]
    return None


def _leave_only(tree: Any, picture: Any) -> None:
    """Workbench shows the active picture, and without one any."""
    for node in list(tree.nodes):
        if node.bl_idname == PICTURE and node != picture:
            tree.nodes.remove(node)
    if picture is not None:
        tree.nodes.active = picture


def _materials() -> list[Any]:
    return list(bpy.data.materials)
