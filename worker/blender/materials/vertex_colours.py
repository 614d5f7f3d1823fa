"""Shows the colour attributes of meshes, by vertex, corner or face, as common viewers do.

A mesh without a material gets a material that shows its colour attribute. If it has a material and
the format combines the two, the base colour is multiplied by the attribute. Blender's glTF
importer does this itself.
"""

from __future__ import annotations

from typing import Any, Optional

import bpy
import numpy as np

from worker.blender import compat
from worker.blender.importing.file_colours import to_linear

MULTIPLIED_FORMATS = frozenset({"obj", "fbx", "dae"})
"""Formats whose importers create both colour attributes and materials, but do not link them."""
MOST_LINEAR = 4.0
"""Largest linear value of an OBJ's colours that are from 0 to 1, with room for bright ones."""
PLACEHOLDER, TOLERANCE = 0.8, 1e-3
"""Base colour of a new material in Blender (grey), and the tolerance of the comparison."""


def show(suffix: str) -> None:
    """Show the colour attributes of all meshes, and of point clouds if Blender supports them."""
    plain: dict[str, Any] = {}
    tinted: dict[tuple[Any, str], Any] = {}
    clouds: Any = getattr(bpy.data, "pointclouds", ())
    with_colours = [each for each in clouds if hasattr(each, "color_attributes")]
    for mesh in [*bpy.data.meshes, *with_colours]:
        layer = _layer(mesh)
        if layer is None:
            continue
        if suffix == "obj":
            _from_bytes(layer)
        if not any(mesh.materials):
            if layer.name not in plain:
                plain[layer.name] = _plain(layer.name)
            mesh.materials.clear()
            mesh.materials.append(plain[layer.name])
        elif suffix in MULTIPLIED_FORMATS and not _is_white(layer):
            _tint(mesh, layer.name, tinted)


def _layer(mesh: Any) -> Optional[Any]:
    """Return the colour attribute chosen for rendering, else the first one, else None."""
    layers = mesh.color_attributes
    if not len(layers):
        return None
    number = getattr(layers, "render_color_index", -1)
    return layers[number if 0 <= number < len(layers) else 0]


def _from_bytes(layer: Any) -> None:
    """Correct colours that the file gives from 0 to 255; importers read them as from 0 to 1."""
    colours = np.empty(4 * len(layer.data), np.float32)
    layer.data.foreach_get("color", colours)
    rgb = colours.reshape(-1, 4)[:, :3].astype(np.float64)
    if rgb.max(initial=0.0) <= MOST_LINEAR:
        return
    encoded = np.where(rgb <= 0.0031308, rgb * 12.92, 1.055 * rgb ** (1 / 2.4) - 0.055)  # noqa: PLR2004 - IEC 61966-2-1
    colours.reshape(-1, 4)[:, :3] = to_linear(np.clip(encoded / 255.0, 0.0, 1.0))
    layer.data.foreach_set("color", colours)


def _is_white(layer: Any) -> bool:
    """Whether all colours are white; many exporters write such attributes, which have no effect."""
    colours = np.empty(4 * len(layer.data), np.float32)
    layer.data.foreach_get("color", colours)
    return bool((colours.reshape(-1, 4)[:, :3] > 1.0 - 1e-3).all())


def _plain(name: str) -> Any:
    material: Any = bpy.data.materials.new(f"vertex colours {name}")
    material.use_nodes = True
    tree = material.node_tree
    surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    tree.links.new(_colours(tree, name), compat.socket(surface, "Base Color"))
    return material


def _tint(mesh: Any, name: str, tinted: dict[tuple[Any, str], Any]) -> None:
    """Replace the mesh's materials by copies whose base colour is multiplied by its attribute."""
    for number, material in enumerate(mesh.materials):
        if material is None or not material.use_nodes:
            continue
        key = (material, name)
        if key not in tinted:
            tinted[key] = material.copy()
            tinted[key].name = material.name
            for node in list(tinted[key].node_tree.nodes):
                if node.type == "BSDF_PRINCIPLED":
                    _multiply(tinted[key].node_tree, compat.socket(node, "Base Color"), name)
        mesh.materials[number] = tinted[key]


def _multiply(tree: Any, socket: Any, name: str) -> None:
    if not socket.is_linked and _is_placeholder(socket.default_value):
        tree.links.new(_colours(tree, name), socket)
        return
    mix = tree.nodes.new("ShaderNodeMixRGB")
    mix.blend_type = "MULTIPLY"
    mix.inputs[0].default_value = 1.0
    if socket.is_linked:
        tree.links.new(socket.links[0].from_socket, mix.inputs[1])
    else:
        mix.inputs[1].default_value = socket.default_value
    tree.links.new(_colours(tree, name), mix.inputs[2])
    tree.links.new(mix.outputs[0], socket)


def _is_placeholder(colour: Any) -> bool:
    """Whether `colour` is the grey that exporters write for a material without a colour."""
    return all(abs(part - PLACEHOLDER) < TOLERANCE for part in colour[:3])


def _colours(tree: Any, name: str) -> Any:
    node = tree.nodes.new("ShaderNodeAttribute")
    node.attribute_name = name
    return node.outputs["Color"]
