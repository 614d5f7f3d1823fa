"""Corrects what importers link or set in another way than the format means."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import bpy

from worker.blender import compat
from worker.blender.importing import collada_alpha
from worker.blender.materials.backfaces import TRANSMISSION
from worker.blender.materials.shader_reader import link_of

UNLIT = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
"""Emission colours of a material of Collada without emission: of the file, and Blender's own."""


def correct(model: str, suffix: str) -> None:
    """Correct the materials of the file `model` of format `suffix`."""
    change = CHANGES.get(suffix)
    if change is not None:
        change(model)


def _collada(model: str) -> None:
    """Let emission shine, whose strength the importer leaves at 0, and cut out foliage."""
    cut_out = collada_alpha.cut_out(model)
    for material, surface in _surfaces():
        strength = surface.inputs["Emission Strength"]
        emission = compat.socket(surface, "Emission Color", "Emission")
        given = tuple(emission.default_value)[:3] not in UNLIT
        if strength.default_value == 0.0 and (emission.is_linked or given):
            strength.default_value = 1.0
        alpha, colour = surface.inputs["Alpha"], link_of(compat.socket(surface, "Base Color"))
        if material.name in cut_out and colour is not None and not alpha.is_linked:
            picture = colour.from_node
            if getattr(picture, "image", None) is not None:
                material.node_tree.links.new(picture.outputs["Alpha"], alpha)


def _fbx(_: str) -> None:
    """Take the alpha of a picture for transparency, where the importer makes glass of its colours.

    And a picture that is the colours is no mask.
    """
    for material, surface in _surfaces():
        _open(material.node_tree, surface)


def _open(tree: Any, surface: Any) -> None:
    alpha, colour = surface.inputs["Alpha"], link_of(compat.socket(surface, "Base Color"))
    glass = compat.socket(surface, *TRANSMISSION)
    link = link_of(glass)
    if link is not None and getattr(link.from_node, "image", None) is not None:
        picture = link.from_node
        tree.links.remove(link)
        if not alpha.is_linked:
            tree.links.new(picture.outputs["Alpha"], alpha)
    link = link_of(alpha)
    if link is not None and colour is not None and link.from_socket.name == "Color":
        shown = getattr(colour.from_node, "image", None)
        if shown is not None and shown == getattr(link.from_node, "image", None):
            tree.links.remove(link)


def _surfaces() -> Iterator[tuple[Any, Any]]:
    """Yield each material, and one of its surfaces."""
    for material in bpy.data.materials:
        tree: Any = material.node_tree
        for node in list(tree.nodes) if tree else ():
            if node.bl_idname == "ShaderNodeBsdfPrincipled":
                yield material, node


CHANGES: dict[str, Callable[[str], None]] = {"dae": _collada, "fbx": _fbx}
"""By format: takes the path of the model."""
