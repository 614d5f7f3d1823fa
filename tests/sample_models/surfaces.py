"""Hard surfaces: colours at the points, no nodes, no picture, holes, glow, metal, one side only."""

from __future__ import annotations

from typing import Any, Callable

import bpy
import numpy as np

from tests.sample_models.parts import (
    add,
    box,
    box_shape,
    finish_of,
    picture,
    rectangle,
    textured,
)
from worker.blender import compat

RED, BLUE = (0.8, 0.05, 0.05, 1.0), (0.05, 0.05, 0.8, 1.0)
PLAIN = (0.6, 0.2, 0.05)
SEE_THROUGH = (1.0, 0.3, 0.0)
"""Alpha of the pane's thirds, from -x to +x."""
METALS = (("dull", 0.2, 0.7), ("bright", 1.0, 0.1), ("none", 0.0, 0.4))
"""Name, metallic, roughness."""


def vertex_colours() -> None:
    """A long box whose points are red at -x and blue at +x, shown by its material."""
    item = add("box", box_shape(((0.0, 0.0, 0.0), (2.0, 1.0, 1.0))), None)
    colours = item.data.color_attributes.new("Col", "BYTE_COLOR", "CORNER")
    for loop in item.data.loops:
        end = RED if item.data.vertices[loop.vertex_index].co.x < 0 else BLUE
        colours.data[loop.index].color = end
    material = finish_of(("points", (1.0, 1.0, 1.0), 0.0, 1.0))
    tree = material.node_tree
    node = tree.nodes.new("ShaderNodeVertexColor")
    node.layer_name = "Col"
    tree.links.new(node.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
    item.data.materials.append(material)


def no_nodes() -> None:
    """A box of a material as Blender had them before nodes."""
    material: Any = bpy.data.materials.new("plain")
    material.use_nodes = False
    material.diffuse_color, material.roughness = (*PLAIN, 1.0), 1.0
    box("box", (0.0, 0.0, 0.0), finish=None).data.materials.append(material)


def no_material() -> None:
    """A box without any material."""
    box("box", (0.0, 0.0, 0.0), finish=None)


def missing_texture() -> None:
    """A rectangle whose picture is nowhere: see `make.ABSENT`."""
    image = picture("absent", np.ones((4, 4, 4)))
    rectangle("sheet", 2.0, 2.0).data.materials.append(textured("sheet", image))


def pane() -> None:
    """A rectangle whose picture lets through a third of it in part and a third of it wholly."""
    pixels = np.full((8, 24, 4), 0.8)
    pixels[..., 3] = np.repeat(SEE_THROUGH, 8)
    image = picture("pane", pixels)
    rectangle("pane", 3.0, 3.0).data.materials.append(textured("pane", image, alpha=True))


def one_sided() -> None:
    """A rectangle of clay: there is nothing behind it, and it is seen from there too."""
    sheet = rectangle("sheet", 2.0, 1.0)
    sheet.data.materials.append(finish_of(("sheet", (0.5, 0.35, 0.25), 0.0, 0.6)))


def glowing() -> None:
    """A box that shines beyond white, on one that does not."""
    material = finish_of(("glow", (0.0, 0.0, 0.0), 0.0, 1.0))
    surface = material.node_tree.nodes["Principled BSDF"]
    colour = compat.socket(surface, "Emission Color", "Emission")
    colour.default_value = (0.1, 1.0, 0.1, 1.0)
    surface.inputs["Emission Strength"].default_value = 4.0
    box("lamp", (0.0, 0.0, 0.75), (0.5, 0.5, 0.5), None).data.materials.append(material)
    box("foot", (0.0, 0.0, 0.0))


def metals() -> None:
    """Three boxes along x, from dull to bright metal and none: see METALS."""
    for number, (name, metallic, roughness) in enumerate(METALS):
        box(name, (1.5 * number, 0.0, 0.0), finish=(name, (0.7, 0.6, 0.4), metallic, roughness))


SURFACES: dict[str, Callable[[], None]] = {
    "vertex_colours.glb": vertex_colours,
    "vertex_colours.blend": vertex_colours,
    "no_nodes.blend": no_nodes,
    "no_material.glb": no_material,
    "missing_texture.obj": missing_texture,
    "missing_texture.fbx": missing_texture,
    "missing_texture.blend": missing_texture,
    "pane.glb": pane,
    "pane.blend": pane,
    "one_sided.glb": one_sided,
    "glowing.glb": glowing,
    "metals.glb": metals,
}
