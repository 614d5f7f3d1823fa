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
        if material.name in cut_out and _picture(colour) is not None and not alpha.is_linked:
            material.node_tree.links.new(colour.from_node.outputs["Alpha"], alpha)


def _fbx(_: str) -> None:
    """Take a picture for transparency as such alone; the importer makes glass of its colours too.

    Glass without transparency is meant. A picture that is the base colour is no mask by its
    colours.
    """
    for material, surface in _surfaces():
        links, alpha = material.node_tree.links, link_of(surface.inputs["Alpha"])
        glass = link_of(compat.socket(surface, *TRANSMISSION))
        if alpha is not None and _picture(glass) is not None:
            links.remove(glass)
        shown = _picture(link_of(compat.socket(surface, "Base Color")))
        if shown is not None and _picture(alpha) == shown and alpha.from_socket.name == "Color":
            links.remove(alpha)


def _picture(link: Any) -> Any:
    """The picture that a link comes from, or None."""
    return None if link is None else getattr(link.from_node, "image", None)


def _surfaces() -> Iterator[tuple[Any, Any]]:
    """Yield each surface of each material, after the material."""
    for material in bpy.data.materials:
        tree: Any = material.node_tree
        for node in list(tree.nodes) if tree else ():
            if node.bl_idname == "ShaderNodeBsdfPrincipled":
                yield material, node


CHANGES: dict[str, Callable[[str], None]] = {"dae": _collada, "fbx": _fbx}
"""By format: takes the path of the model."""
