"""A cube, and beside it what nobody sees; for Blender."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from tests.truth import cube
from tests.truth.blend_parts import FAR_AWAY, a_cube, collection, coloured, cube_mesh, layer_of, put


def beside(*, points: Any, edges: Any = (), faces: Any = ()) -> Callable[[Path], None]:
    """The cube, and in its mesh more points, edges and faces: numbers from 24 on."""

    def make(_: Path) -> None:
        mesh = bpy.data.meshes.new("mesh")
        mesh.from_pydata(
            [*map(tuple, cube.POINTS), *points], list(edges), [*cube.QUADS.tolist(), *faces]
        )
        mesh.materials.append(coloured())
        layer = mesh.color_attributes.new("Col", "FLOAT_COLOR", "CORNER")
        corners = np.ones((len(mesh.loops), 4))
        corners[:24, :3] = cube.linear(cube.COLOURS)
        layer.data.foreach_set("color", corners.ravel())
        put("cube", mesh)

    return make


def other(change: Callable[[Any], None]) -> Callable[[Path], None]:
    """The cube, and one far away that `change` makes unseen."""

    def make(_: Path) -> None:
        a_cube()
        change(a_cube("other", FAR_AWAY))

    return make


def set_on_item(**settings: Any) -> Callable[[Any], None]:
    def change(item: Any) -> None:
        for name, value in settings.items():
            setattr(item, name, value)

    return change


def set_on_layer(name: str) -> Callable[[Any], None]:
    """Put it into a collection whose view layer's `name` is set."""

    def change(item: Any) -> None:
        bpy.context.scene.collection.objects.unlink(item)
        made = collection("other")
        made.objects.link(item)
        setattr(layer_of(made), name, True)

    return change


def in_hidden_collection(item: Any) -> None:
    bpy.context.scene.collection.objects.unlink(item)
    outer, inner = collection("outer"), bpy.data.collections.new("inner")
    outer.children.link(inner)
    inner.objects.link(item)
    outer.hide_render = True


def in_excluded_collection_inside(item: Any) -> None:
    bpy.context.scene.collection.objects.unlink(item)
    outer, inner = collection("outer"), bpy.data.collections.new("inner")
    outer.children.link(inner)
    inner.objects.link(item)
    layer_of(outer).children["inner"].exclude = True


def orphan(item: Any) -> None:
    bpy.context.scene.collection.objects.unlink(item)
    item.use_fake_user = True


def clear_shader(item: Any) -> None:
    material = bpy.data.materials.new("clear")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    clear, output = (
        tree.nodes.new("ShaderNodeBsdfTransparent"),
        tree.nodes.new("ShaderNodeOutputMaterial"),
    )
    tree.links.new(clear.outputs[0], output.inputs["Surface"])
    item.data.materials[0] = material


def clear_by_object_slot(item: Any) -> None:
    clear_shader(item)
    clear = item.data.materials[0]
    item.data.materials[0] = coloured()
    item.material_slots[0].link = "OBJECT"
    item.material_slots[0].material = clear


def only_edges(item: Any) -> None:
    item.data = bpy.data.meshes.new("edges")
    item.data.from_pydata([(0.0, 0.0, 0.0), (9.0, 0.0, 0.0)], [(0, 1)], [])


def thin_curve(item: Any) -> None:
    curve = bpy.data.curves.new("curve", "CURVE")
    curve.dimensions = "3D"
    spline = curve.splines.new("POLY")
    spline.points.add(2)
    put("curve", curve).location = item.location
    bpy.data.objects.remove(item)


def shadow_floor(item: Any) -> None:
    item.scale, item.location = (20.0, 20.0, 20.0), (0.0, 0.0, -10.5)
    item.is_shadow_catcher = True


def excluded_in_other_layer(_: Path) -> None:
    """Two view layers; the active one, the second, excludes what the first shows."""
    a_cube()
    made = collection("other")
    a_cube("other", FAR_AWAY, made)
    second = bpy.context.scene.view_layers.new("second")
    second.layer_collection.children["other"].exclude = True
    window = bpy.context.window
    if window is not None:
        window.view_layer = second
    else:
        layers = bpy.context.scene.view_layers
        layers[0].layer_collection.children["other"].exclude = True


def two_scenes(_: Path) -> None:
    a_cube()
    junk = bpy.data.scenes.new("an old version")  # before "Scene" by name
    item = bpy.data.objects.new("junk", cube_mesh())
    item.location, item.scale = FAR_AWAY, (4.0, 4.0, 4.0)
    junk.collection.objects.link(item)


def three_scenes(folder: Path) -> None:
    """The first and the last by name show other things."""
    two_scenes(folder)
    bpy.data.scenes["an old version"].copy().name = "Zoo"
