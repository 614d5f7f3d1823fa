"""What every sample is put together from: meshes, boxes, plain and unlit materials."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from tests.sample_models.shapes import Shape
from worker.blender import compat

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


CLAY: Finish = ("clay", (0.5, 0.35, 0.25), 0.0, 0.6)
CUBE_FACES = (
    (0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3),
)  # fmt: skip
"""Seen from outside counter-clockwise; corner i has bit 2 for x, 1 for y, 0 for z."""
Triple = tuple[float, float, float]


def box_shape(*boxes: tuple[Triple, Triple]) -> Shape:
    """Boxes of (centre, sides), in one mesh."""
    corners = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)]) - 0.5
    points = [corners * sides + centre for centre, sides in boxes]
    faces = [[8 * n + i for i in face] for n in range(len(boxes)) for face in CUBE_FACES]
    return Shape(np.concatenate(points), faces, smooth=False)


def box(
    name: str, centre: Triple, sides: Triple = (1.0, 1.0, 1.0), finish: Finish | None = CLAY
) -> Any:
    """An object that stands at `centre`, with a box of `sides` around its own origin."""
    item = add(name, box_shape(((0.0, 0.0, 0.0), sides)), finish)
    item.location = centre
    return item


def rectangle(name: str, width: float, depth: float) -> Any:
    """A rectangle in the XY plane around the origin, facing +Z, its picture's u along x."""
    x, y = width / 2, depth / 2
    points = np.array([[-x, -y, 0.0], [x, -y, 0.0], [x, y, 0.0], [-x, y, 0.0]])
    item = add(name, Shape(points, [[0, 1, 2, 3]], smooth=False), None)
    layer = item.data.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    return item


def picture(name: str, pixels: Any) -> Any:
    """An 8-bit sRGB picture of (height, width, 4) values in 0..1, row 0 at the bottom (v = 0)."""
    image: Any = bpy.data.images.new(name, pixels.shape[1], pixels.shape[0], alpha=True)
    image.pixels.foreach_set(np.ascontiguousarray(pixels, dtype=np.float32).ravel())
    image.update()
    return image


def textured(name: str, image: Any, *, alpha: bool = False) -> Any:
    """A rough material whose base colour is `image`, its pixels unblended; also its alpha."""
    material = finish_of((name, (1.0, 1.0, 1.0), 0.0, 1.0))
    tree = material.node_tree
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image, texture.interpolation = image, "Closest"
    surface = tree.nodes["Principled BSDF"]
    tree.links.new(texture.outputs["Color"], surface.inputs["Base Color"])
    if alpha:
        tree.links.new(texture.outputs["Alpha"], surface.inputs["Alpha"])
        compat.assign(material, {"blend_method": "BLEND"})
    return material


def unlit(name: str, colour: Triple, image: Any = None) -> Any:
    """A material that shines in `colour` (linear), or in `image`, and reflects nothing.

    The mix is the pattern that the glTF exporter knows as KHR_materials_unlit.
    """
    material: Any = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    glow = tree.nodes.new("ShaderNodeEmission")
    glow.inputs["Color"].default_value = (*colour, 1.0)
    mix, path = tree.nodes.new("ShaderNodeMixShader"), tree.nodes.new("ShaderNodeLightPath")
    clear = tree.nodes.new("ShaderNodeBsdfTransparent")
    tree.links.new(path.outputs["Is Camera Ray"], mix.inputs[0])
    tree.links.new(clear.outputs[0], mix.inputs[1])
    tree.links.new(glow.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], output.inputs["Surface"])
    if image is not None:
        texture = tree.nodes.new("ShaderNodeTexImage")
        texture.image, texture.interpolation = image, "Closest"
        tree.links.new(texture.outputs["Color"], glow.inputs["Color"])
    return material
