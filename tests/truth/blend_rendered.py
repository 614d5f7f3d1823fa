"""What the viewport and the render show differently, and what moves unseen; for Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from tests.truth import cube
from tests.truth.blend_instances import nodes_group
from tests.truth.blend_moving import armature_at_51
from tests.truth.blend_parts import (
    a_cube,
    collection,
    cube_mesh,
    layer_of,
    picture_material,
    put,
)


def viewport_only_nodes(_: Path) -> None:
    """Geometry nodes that show the cube as it is in the viewport, and four times so in renders."""
    tree = nodes_group(a_cube())
    nodes, links = tree.nodes, tree.links
    asked, choice = nodes.new("GeometryNodeIsViewport"), nodes.new("GeometryNodeSwitch")
    choice.input_type = "GEOMETRY"
    grown = nodes.new("GeometryNodeTransform")
    grown.inputs["Scale"].default_value = (4.0, 4.0, 4.0)
    given = _given(tree)
    links.new(given, grown.inputs[0])
    links.new(asked.outputs[0], choice.inputs[0])
    ways = [each for each in choice.inputs if each.type == "GEOMETRY"]  # False, then True
    links.new(grown.outputs[0], ways[0])
    links.new(given, ways[1])
    shown = next(each for each in choice.outputs if each.type == "GEOMETRY" and each.enabled)
    links.new(shown, nodes.new("NodeGroupOutput").inputs[0])


def bare_curve_beside(_: Path) -> None:
    """Geometry nodes that add to the cube a curve without a profile, far away."""
    tree = nodes_group(a_cube())
    nodes, links = tree.nodes, tree.links
    line, both = nodes.new("GeometryNodeCurvePrimitiveLine"), nodes.new("GeometryNodeJoinGeometry")
    line.inputs["End"].default_value = (30.0, 30.0, 0.0)
    for geometry in (_given(tree), line.outputs[0]):
        links.new(geometry, both.inputs[0])
    links.new(both.outputs[0], nodes.new("NodeGroupOutput").inputs[0])


def _given(tree: Any) -> Any:
    if hasattr(tree, "interface"):
        tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    else:
        tree.inputs.new("NodeSocketGeometry", "Geometry")
    return tree.nodes.new("NodeGroupInput").outputs[0]


def metaballs(_: Path) -> None:
    """Three in a row that the viewport shows far more coarsely than a render."""
    for x in range(3):
        ball = bpy.data.metaballs.new("ball")
        ball.resolution, ball.render_resolution = 1.0, 0.1
        ball.elements.new().radius = 1.0
        put("ball", ball).location = (x, 0.0, 0.0)


def background_scene(_: Path) -> None:
    a_cube("second", (2.0, 0.0, 0.0))
    behind = bpy.data.scenes.new("behind")
    behind.collection.objects.link(bpy.data.objects.new("first", cube_mesh()))
    bpy.context.scene.background_set = behind


def excluded(name: str) -> Any:
    """A collection that the view layer excludes; what is in it moves what is shown."""
    made = collection(name)
    layer_of(made).exclude = True
    return made


def parent_excluded(_: Path) -> None:
    a_cube()
    parent = put("parent", None, excluded("rig"))
    parent.location = (2.0, 0.0, 0.0)
    a_cube("child").parent = parent


def target_excluded(_: Path) -> None:
    a_cube()
    target = put("target", None, excluded("rig"))
    target.location = (2.0, 0.0, 0.0)
    a_cube("mover", (40.0, 0.0, 0.0)).constraints.new("COPY_LOCATION").target = target


def armature_excluded(folder: Path) -> None:
    armature_at_51(folder)
    armature = bpy.data.objects["armature"]
    bpy.context.scene.collection.objects.unlink(armature)
    excluded("rig").objects.link(armature)


def scene_property(_: Path) -> None:
    """A driver that reads a property of the scene."""
    a_cube()
    scene: Any = bpy.context.scene
    scene["far"] = 2.0
    driver = a_cube("mover").driver_add("location", 0).driver
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.type = "SINGLE_PROP"
    variable.targets[0].id_type = "SCENE"
    variable.targets[0].id = scene
    variable.targets[0].data_path = '["far"]'


def frames_remapped(_: Path) -> None:
    """A scene that plays at half its speed: its frame 51 is the 102nd of the animation."""
    a_cube()
    mover = a_cube("mover")
    scene = bpy.context.scene
    scene.render.frame_map_old, scene.render.frame_map_new = 100, 50
    for frame, x in ((1, 30.0), (102, 2.0)):
        mover.location = (x, 0.0, 0.0)
        mover.keyframe_insert("location", frame=frame)
    scene.frame_set(51)


def tiles_elsewhere(folder: Path) -> None:
    """A tiled picture, its path that of another machine."""
    (folder / "maps").mkdir()
    for tile in (1001, 1002):
        (folder / f"maps/tile.{tile}.png").write_bytes(cube.picture())
    material = picture_material("C:\\art\\tile.<UDIM>.png")
    image = next(node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE")
    image.source = "TILED"
    image.tiles.new(1002)
    put("cube", cube_mesh(material))


def hairy(_: Path) -> None:
    """A cube with hairs six times its length."""
    item = a_cube()
    item.modifiers.new("hair", "PARTICLE_SYSTEM")
    settings = item.particle_systems[0].settings
    settings.type, settings.count, settings.hair_length = "HAIR", 400, 3.0
    settings.root_radius = settings.tip_radius = 10.0


def tiny_limited(_: Path) -> None:
    """Two cubes a thousandth in size; a constraint of the world's space holds one near."""
    for name, x in (("cube", 0.0), ("limited", 0.04)):
        item = a_cube(name, (x, 0.0, 0.0))
        item.scale = (1e-3,) * 3
    constraint = item.constraints.new("LIMIT_LOCATION")
    constraint.use_max_x, constraint.max_x = True, 2e-3


def far_instances(_: Path) -> None:
    """Three instances, thousands of lengths away."""
    inside = bpy.data.collections.new("inside")
    a_cube(collection=inside)
    for number in range(3):
        item = put("instance", None)
        item.instance_type, item.instance_collection = "COLLECTION", inside
        item.location = (1e4 + 2 * number, 0.0, 0.0)
