"""Detection of materials in which the surroundings are visible: metal, glass, smooth surfaces."""

from __future__ import annotations

from typing import Any, Iterator

import bpy

from worker.blender.materials.backfaces import TRANSMISSION
from worker.blender.materials.shader_reader import DEPTH

LIMITS = {"Metallic": 0.1, **dict.fromkeys((*TRANSMISSION, "Coat Weight", "Clearcoat"), 0.0)}
"""Inputs of the Principled shader, and the values above which its surface reflects."""
SMOOTH = 0.3
"""The roughness below which a surface counts as smooth."""
REFLECTING = frozenset({
    "BSDF_GLASS", "BSDF_REFRACTION", "BSDF_GLOSSY", "BSDF_ANISOTROPIC", "BSDF_METALLIC",
})  # fmt: skip
"""Types of shader nodes that only reflect or refract."""


def is_present() -> bool:
    """Whether some material in use reflects or refracts its surroundings visibly.

    A value that comes from a texture or another node may be any, so it counts.
    """
    materials: list[Any] = list(bpy.data.materials)
    trees = [each.node_tree for each in materials if each.users and each.use_nodes]
    return any(_reflects(node) for tree in trees if tree for node in _nodes(tree, 0))


def _nodes(tree: Any, depth: int) -> Iterator[Any]:
    for node in tree.nodes:
        yield node
        inner = getattr(node, "node_tree", None)
        if inner is not None and depth < DEPTH:
            yield from _nodes(inner, depth + 1)


def _reflects(node: Any) -> bool:
    if node.type in REFLECTING:
        return True
    if node.type != "BSDF_PRINCIPLED":
        return False
    for name, limit in LIMITS.items():
        socket = node.inputs.get(name)
        if socket is not None and (socket.is_linked or socket.default_value > limit):
            return True
    roughness = node.inputs["Roughness"]
    return bool(roughness.is_linked or roughness.default_value < SMOOTH)
