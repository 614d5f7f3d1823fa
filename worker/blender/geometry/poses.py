"""Chooses the frame of each view, and puts objects into their rest pose."""

from __future__ import annotations

import math
from typing import Any, Iterable

import bpy

from worker.blender import context
from worker.contract.recipe import Subject

MOST = 1048574
"""Largest absolute frame number in Blender."""


def frames(subject: Subject, views: int) -> list[int]:
    """The frame of each view. If the recipe asks for it, the object is put into its rest pose."""
    scene = context.scene()
    now = int(scene.frame_current)
    scene.frame_set(now)  # after an import, the pose may not be that of the current frame
    if subject.pose == "rest":
        _rest()
    elif subject.pose == "frame" and isinstance(subject.frame, int):
        now = subject.frame
    elif subject.pose == "spread":
        first, last = _range(now)
        steps = max(1, views - 1)
        return [first + round((last - first) * view / steps) for view in range(views)]
    return [now] * views


def show(frame: int) -> None:
    """Set the scene to `frame`, unless it is the current one, to avoid a re-evaluation."""
    scene = context.scene()
    if scene.frame_current != frame:
        scene.frame_set(frame)


def _rest() -> None:
    """Put armatures into their rest position, and set all shape keys to the basis."""
    armatures: list[Any] = list(bpy.data.armatures)
    for armature in armatures:
        armature.pose_position = "REST"
    keys: list[Any] = list(bpy.data.shape_keys)
    for key in keys:
        key.animation_data_clear()
        key.eval_time = 0.0
        for block in key.key_blocks:
            block.value = 0.0
    layer: Any = bpy.context.view_layer
    layer.update()


def _range(now: int) -> tuple[int, int]:
    """The first and last frame of all animation; `now` twice if there is none."""
    scene = context.scene()
    spans = [action.frame_range[:] for action in _actions()]
    if bpy.data.cache_files:  # Alembic and USD: their importers set the scene's range
        spans.append((scene.frame_start, scene.frame_end))
    ends = [end for span in spans for end in span if math.isfinite(end)]
    if not ends:
        return now, now
    return max(-MOST, math.floor(min(ends))), min(MOST, math.ceil(max(ends)))


def _actions() -> Iterable[Any]:
    """Yield the actions in use: assigned directly, or by a strip of an unmuted NLA track."""
    owners: list[Any] = [*bpy.data.objects, *bpy.data.shape_keys, *bpy.data.armatures]
    for owner in owners:
        moving = owner.animation_data
        if moving is None:
            continue
        if moving.action is not None:
            yield moving.action
        for track in moving.nla_tracks:
            if not track.mute:
                yield from (strip.action for strip in track.strips if strip.action is not None)
