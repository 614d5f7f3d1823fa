"""Height maps and masks that importers link in another way than the format means."""

from __future__ import annotations

from typing import Any, Iterator, NamedTuple

import bpy
import numpy as np

from worker.blender.importing.file_data import node_trees
from worker.blender.materials.shader_reader import link_of

HEIGHT_FORMATS = frozenset({"obj", "fbx"})
"""Formats in which one name, such as MTL's ``map_Bump``, stands for height and normal maps."""
MASK_FORMAT = "obj"
"""The format whose ``map_d`` is a grey picture."""
SMALL = 64
"""Side in pixels of the copy of a map that is looked at."""
GREY = 0.02
"""Largest difference between the channels of a grey pixel."""
MOST = 0.7
"""The least share of the coloured pixels of a map of normals that have most of blue."""
DEPTH = 0.01
"""Height of a relief of strength 1, as a share of the longest side of the largest object."""


class _Look(NamedTuple):
    """What the pixels of a picture are like."""

    is_grey: bool
    is_normals: bool
    """Whether most coloured ones are blue, as vectors away from a surface are, also those that are
    mixed with what lies around them."""
    is_opaque: bool


def correct(suffix: str) -> None:
    """Link pictures as what they are: heights, which are no normals, and masks.

    As normals, grey heights would turn every surface by one angle, and the heights of a picture of
    colours would turn it inside out. Importers read masks from the alpha channel alone, which a
    grey picture lacks.
    """
    if suffix not in HEIGHT_FORMATS:
        return
    objects: list[Any] = list(bpy.data.objects)
    sides = [max(item.dimensions) for item in objects if item.type == "MESH"]
    looks: dict[Any, _Look] = {}

    def look(image: Any) -> _Look:
        if image not in looks:
            looks[image] = _look(image)
        return looks[image]

    for tree in node_trees():
        for node, image in list(_normal_maps(tree)):
            if not look(image).is_normals:
                _replace(tree, node, DEPTH * max(sides, default=1.0))
        for socket, node in list(_masks(tree)) if suffix == MASK_FORMAT else ():
            if look(node.image).is_grey and look(node.image).is_opaque:
                tree.links.new(node.outputs["Color"], socket)


def _normal_maps(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the normal map nodes that a picture feeds, and the picture."""
    for node in tree.nodes:
        link = link_of(node.inputs["Color"]) if node.bl_idname == "ShaderNodeNormalMap" else None
        image = getattr(link.from_node, "image", None) if link is not None else None
        if image is not None:
            yield node, image


def _masks(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the inputs for alpha that a picture of its own feeds, and the picture's node."""
    for surface in tree.nodes:
        if surface.bl_idname != "ShaderNodeBsdfPrincipled":
            continue
        alpha, colour = link_of(surface.inputs["Alpha"]), link_of(surface.inputs["Base Color"])
        image = getattr(alpha.from_node, "image", None) if alpha is not None else None
        own = getattr(colour.from_node, "image", None) if colour is not None else None
        if alpha is not None and image is not None and image != own:
            yield surface.inputs["Alpha"], alpha.from_node


def _look(image: Any) -> _Look:
    small = image.copy()
    small.scale(SMALL, SMALL)
    pixels = np.zeros(SMALL * SMALL * small.channels, np.float32)
    if len(small.pixels) == len(pixels):
        small.pixels.foreach_get(pixels)
    colours = pixels.reshape(SMALL * SMALL, -1)
    bpy.data.images.remove(small)
    coloured = np.ptp(colours[:, :3], axis=1) > GREY
    is_grey = not coloured.any()
    blue = colours[:, 2:3].max(axis=1, initial=0.0)  # of a picture of one channel there is none
    away = blue >= colours[:, :2].max(axis=1)
    is_normals = not is_grey and bool(away[coloured].mean() >= MOST)
    return _Look(is_grey, is_normals, is_opaque=bool(colours[:, 3:].min(initial=1.0) >= 1.0 - GREY))


def _replace(tree: Any, node: Any, depth: float) -> None:
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = min(
        1.0, max(0.0, node.inputs["Strength"].default_value)
    )
    bump.inputs["Distance"].default_value = depth
    tree.links.new(link_of(node.inputs["Color"]).from_socket, bump.inputs["Height"])
    for link in list(node.outputs["Normal"].links):
        tree.links.new(bump.outputs["Normal"], link.to_socket)
    tree.nodes.remove(node)
