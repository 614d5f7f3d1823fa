"""When: which frame each view shows, and what rest means."""

from __future__ import annotations

import math
from typing import Any, Iterable

import bpy

from worker.blender import context
from worker.contract.recipe import Subject

MOST = 1048574
"""Blender's last frame, on either side of 0."""


def frames(subject: Subject, views: int) -> list[int]:
    """The frame of each view; puts the object to rest where the recipe wants that."""
    scene = context.scene()
    now = int(scene.frame_current)
    scene.frame_set(now)  # importers leave the scene in another pose than its frame's
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
    """Go to `frame`; nothing is evaluated anew where the scene already shows it."""
    scene = context.scene()
    if scene.frame_current != frame:
        scene.frame_set(frame)


def _rest() -> None:
    """Armatures in their rest position, every shape its basis."""
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
    """First and last frame of all that moves; `now` twice where nothing does."""
    scene = context.scene()
    spans = [action.frame_range[:] for action in _actions()]
    if bpy.data.cache_files:  # Alembic and USD: their importers set the scene's range
        spans.append((scene.frame_start, scene.frame_end))
    ends = [end for span in spans for end in span if math.isfinite(end)]
    if not ends:
        return now, now
    return max(-MOST, math.floor(min(ends))), min(MOST, math.ceil(max(ends)))


def _actions() -> Iterable[Any]:
    """The actions that play: assigned to something, or on a track of it."""
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
