"""Scenes whose objects move, so that only the saved frame shows them so; for Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from tests.truth.blend_parts import FAR_AWAY, a_cube, put


def keyed(item: Any) -> None:
    """Far away until frame 10, at 2 from frame 51 on; the file is saved there."""
    for frame, x in ((1, 30.0), (10, 30.0), (51, 2.0)):
        item.location[0] = x
        item.keyframe_insert("location", index=0, frame=frame)
    bpy.context.scene.frame_set(51)


def saved_at_51(_: Path) -> None:
    a_cube()
    keyed(a_cube("mover"))


def armature_at_51(_: Path) -> None:
    a_cube()
    armature = put("armature", bpy.data.armatures.new("armature"))
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature.data.edit_bones.new("bone")
    bone.head, bone.tail = (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    bpy.ops.object.mode_set(mode="OBJECT")
    skinned = a_cube("skinned")
    skinned.vertex_groups.new(name="bone").add(list(range(24)), 1.0, "REPLACE")
    skinned.modifiers.new("bones", "ARMATURE").object = armature
    pose = armature.pose.bones["bone"]
    for frame, along in ((1, 30.0), (10, 30.0), (51, 2.0)):
        pose.location = (along, 0.0, 0.0)
        pose.keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_set(51)


def shape_key_at_51(_: Path) -> None:
    """Both cubes in one mesh, the second moved by a shape key."""
    a_cube()
    mover = a_cube("mover", (2.0, 0.0, 0.0))
    mover.shape_key_add(name="Basis")
    key = mover.shape_key_add(name="far")
    for point in key.data:
        point.co.x += 28.0
    for frame, value in ((1, 1.0), (51, 0.0)):
        key.value = value
        key.keyframe_insert("value", frame=frame)
    bpy.context.scene.frame_set(51)


def parent_keyed(_: Path) -> None:
    a_cube()
    parent = put("parent", None)
    keyed(parent)
    a_cube("mover").parent = parent


def hidden_until_51(_: Path) -> None:
    """An object that only the saved frame shows, and one that it hides."""
    a_cube()
    for name, at, hidden in (
        ("shown", (2.0, 0.0, 0.0), (True, False)),
        ("gone", FAR_AWAY, (False, True)),
    ):
        item = a_cube(name, at)
        for frame, value in zip((1, 51), hidden):
            item.hide_render = value
            item.keyframe_insert("hide_render", frame=frame)
    bpy.context.scene.frame_set(51)


def driven(_: Path) -> None:
    """A driver without Python that moves a cube by another's place."""
    a_cube(at=(0.0, 0.0, 0.0))
    lever = put("lever", None)
    lever.location = (1.0, 0.0, 0.0)
    mover = a_cube("mover")
    curve = mover.driver_add("location", 0)
    curve.driver.type = "SUM"
    for _ in range(2):
        variable = curve.driver.variables.new()
        variable.type = "TRANSFORMS"
        variable.targets[0].id = lever
        variable.targets[0].transform_type = "LOC_X"
        variable.targets[0].transform_space = "WORLD_SPACE"
