"""Builds a mesh in the scene from arrays."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from worker.blender import compat, context
from worker.blender.geometry.triangle_soup import DEFAULT, Array, TriangleSoup

OWN = "file's own"
"""The UV map of the file's textures; Cycles uses it where no node names a map."""
COLOURS = "file's colours"


def add(points: Array, triangles: Array) -> Any:
    """Remove all objects, then add one with `points` (V,3) and `triangles` (T,3) and return it."""
    scene = context.scene()
    for item in list(bpy.data.objects):
        bpy.data.objects.remove(item, do_unlink=True)
    used, renumbered = np.unique(triangles, return_inverse=True)
    mesh: Any = bpy.data.meshes.new("omage")
    compat.fill_triangles(mesh, points[used], renumbered.reshape(-1, 3))
    made = bpy.data.objects.new("omage", mesh)
    scene.collection.objects.link(made)
    layer: Any = bpy.context.view_layer
    layer.objects.active = made
    made.select_set(True)
    return made


def dress(mesh: Any, soup: TriangleSoup) -> None:
    """Give the mesh the soup's materials, UV maps, colour attributes and corner normals.

    The mesh must have the soup's triangles, in the same order.
    """
    mesh.polygons.foreach_set("use_smooth", np.ones(len(soup.triangles), bool))
    for material in soup.materials:
        mesh.materials.append(material)
    mesh.polygons.foreach_set("material_index", soup.material.astype(np.int32))
    own = add_uv(mesh, OWN, np.nan_to_num(soup.uv))
    for name, uv in soup.uvs.items():
        add_uv(mesh, name, uv)
    own.active_render = True
    for name, colours in soup.colours.items():
        layer = mesh.color_attributes.new(name or COLOURS, "FLOAT_COLOR", "CORNER")
        layer.data.foreach_set("color", np.ascontiguousarray(colours, np.float32).ravel())
    names = [layer.name for layer in mesh.color_attributes]
    if DEFAULT in soup.colours:
        mesh.color_attributes.render_color_index = names.index(COLOURS)
    compat.set_corner_normals(mesh, soup.normals.reshape(-1, 3))


def add_uv(mesh: Any, name: str, uv: Array) -> Any:
    """Add a UV map with the coordinates `uv` (T,3,2) and return it."""
    layer = mesh.uv_layers.new(name=name, do_init=False)
    layer.data.foreach_set("uv", np.ascontiguousarray(uv, np.float32).ravel())
    return mesh.uv_layers[layer.name]
