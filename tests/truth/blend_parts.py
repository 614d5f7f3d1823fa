"""What the .blend cases are put together from; for Blender."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from tests.truth import cube

FAR_AWAY = (30.0, 30.0, 0.0)


def factory() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)


def mesh_of(points: Any, faces: Any, material: Any = None) -> Any:
    mesh = bpy.data.meshes.new("mesh")
    mesh.from_pydata([tuple(point) for point in points], [], [list(face) for face in faces])
    if material is not None:
        mesh.materials.append(material)
    return mesh


def put(name: str, data: Any, collection: Any = None) -> Any:
    item = bpy.data.objects.new(name, data)
    (collection or bpy.context.scene.collection).objects.link(item)
    return item


def coloured() -> Any:
    """The material of the cubes: what their points say."""
    found = bpy.data.materials.get("coloured")
    if found is not None:
        return found
    material = bpy.data.materials.new("coloured")
    material.use_nodes = True
    tree = material.node_tree
    node = tree.nodes.new("ShaderNodeVertexColor")
    node.layer_name = "Col"
    surface = next(each for each in tree.nodes if each.type == "BSDF_PRINCIPLED")
    tree.links.new(node.outputs["Color"], surface.inputs["Base Color"])
    surface.inputs["Roughness"].default_value = 1.0
    return material


def cube_mesh(material: Any = None, *, painted: bool = True) -> Any:
    mesh = mesh_of(cube.POINTS, cube.QUADS, material or coloured())
    if painted:
        paint(mesh)
    layer = mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", cube.UVS.ravel())
    return mesh


def paint(mesh: Any) -> None:
    layer = mesh.color_attributes.new("Col", "FLOAT_COLOR", "CORNER")
    corners = np.column_stack([cube.linear(cube.COLOURS), np.ones(24)])
    layer.data.foreach_set("color", corners.ravel())


def a_cube(name: str = "cube", at: cube.Vector = (0.0, 0.0, 0.0), collection: Any = None) -> Any:
    item = put(name, cube_mesh(), collection)
    item.location = at
    return item


def collection(name: str) -> Any:
    made = bpy.data.collections.new(name)
    bpy.context.scene.collection.children.link(made)
    return made


def layer_of(made: Any) -> Any:
    return bpy.context.view_layer.layer_collection.children[made.name]


def picture_material(path: str) -> Any:
    """A material whose picture lies, as the file says, at `path`."""
    image = bpy.data.images.new("picture", 4, 4)
    image.source, image.filepath = "FILE", path
    material = bpy.data.materials.new("pictured")
    material.use_nodes = True
    tree = material.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    surface = next(each for each in tree.nodes if each.type == "BSDF_PRINCIPLED")
    tree.links.new(node.outputs["Color"], surface.inputs["Base Color"])
    return material
