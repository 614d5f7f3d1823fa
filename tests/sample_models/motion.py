"""Objects that move: bones, shape keys, the whole object. All from frame 1 to 11, straight."""

from __future__ import annotations

import math
from typing import Any, Callable

import bpy

from tests.sample_models.crowds import link
from tests.sample_models.parts import CLAY, add, box, box_shape
from worker.blender import compat, context

FIRST, LAST = 1, 11
ARM = (((0.0, 0.0, 0.5), (0.4, 0.4, 1.0)), ((0.0, 0.0, 1.5), (0.2, 0.2, 1.0)))
"""The arm at rest, boxes of (centre, sides): upright, the joint at z = 1."""
BENT = (math.pi / 4, math.pi / 2)
"""The upper arm's turn about its own x at the first and the last frame, from +z towards -y."""


def armature() -> None:
    """An arm of two bones that is straight at rest and bent at every frame."""
    bones: Any = bpy.data.armatures.new("bones")
    rig = link(bpy.data.objects.new("rig", bones), at=(0.0, 0.0, 0.0))
    context: Any = bpy.context
    context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    lower, upper = bones.edit_bones.new("lower"), bones.edit_bones.new("upper")
    lower.head, lower.tail = (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    upper.head, upper.tail, upper.parent = (0.0, 0.0, 1.0), (0.0, 0.0, 2.0), lower
    bpy.ops.object.mode_set(mode="OBJECT")
    arm = add("arm", box_shape(*ARM), CLAY)
    for number, name in enumerate(("lower", "upper")):
        arm.vertex_groups.new(name=name).add(list(range(8 * number, 8 * number + 8)), 1.0, "ADD")
    arm.parent = rig
    arm.modifiers.new("bones", "ARMATURE").object = rig
    joint = rig.pose.bones["upper"]
    joint.rotation_mode = "XYZ"
    for frame, turn in zip((FIRST, LAST), BENT):
        joint.rotation_euler = (turn, 0.0, 0.0)
        joint.keyframe_insert("rotation_euler", frame=frame)
    play(rig)


def shape_keys() -> None:
    """A cube whose top rises by 1 at the first frame and by 3 at the last; not at all at rest."""
    item = box("cube", (0.0, 0.0, 0.0))
    item.shape_key_add(name="Basis")
    tall = item.shape_key_add(name="tall")
    tall.slider_max = 4.0
    for point in tall.data:
        if point.co.z > 0.0:
            point.co.z += 4.0
    for frame, value in ((FIRST, 0.25), (LAST, 0.75)):
        tall.value = value
        tall.keyframe_insert("value", frame=frame)
    play(item.data.shape_keys)


def moving() -> None:
    """A cube that slides along x, from 2 to 4, beside one that stands at the origin."""
    box("post", (0.0, 0.0, 0.0))
    item = box("slider", (0.0, 0.0, 0.0))
    for frame, x in ((FIRST, 2.0), (LAST, 4.0)):
        item.location = (x, 0.0, 0.0)
        item.keyframe_insert("location", frame=frame)
    play(item)


def play(owner: Any) -> None:
    """Make the motion of `owner` straight, and the scene as long as it."""
    for curve in compat.curves(owner.animation_data.action):
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"
    scene = context.scene()
    scene.frame_start, scene.frame_end = FIRST, LAST
    scene.frame_set(FIRST)


MOTION: dict[str, Callable[[], None]] = {
    f"{build.__name__}.{suffix}": build
    for build in (armature, shape_keys, moving)
    for suffix in ("glb", "fbx", "blend")
}
