"""Imports what the active scene of a .blend shows into a clean scene.

A .blend is never opened, because opening it could run its compositor or its scripts. Its scene is
appended instead. What the view layer shows is linked to the current scene, then the appended scene
is removed with its compositor nodes, Freestyle settings and sequencer.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Iterator

import bpy

from worker.blender import compat, context
from worker.blender.faults import ObjectFault
from worker.blender.importing import animated_visibility
from worker.blender.importing.paths import Root
from worker.blender.references import blend_file


@dataclasses.dataclass(frozen=True)
class _Standing:
    """The view-layer flags that an object inherits from one of its collections."""

    is_hidden: bool
    is_holdout: bool
    is_indirect: bool


def append(root: Root) -> None:
    """Append the model of `root` to the scene.

    Raises: ObjectFault("import"), and any exception that Blender raises.
    """
    if not compat.scripts_are_off():
        raise ObjectFault("import", "this Blender may run scripts, so it must not open a .blend")
    saved = blend_file.read(root.model)
    data: Any = bpy.data
    with data.libraries.load(root.model, link=False) as (there, here):
        names = list(there.scenes)
        if saved.scene in names:
            names = [saved.scene]
        here.scenes = names[:1]
        if not names:  # an object library without a scene
            here.objects = list(there.objects)
    if not names:
        _link_all(here.objects)
        return
    source = here.scenes[0]
    layers = source.view_layers
    layer = layers.get(saved.layer) or layers[0]
    _link_shown(layer.layer_collection)
    for other in _background_scenes(source):
        _link_shown(other.view_layers[0].layer_collection)
    _take_time(source)
    _remove(source)


def _link_all(objects: list[Any]) -> None:
    """Link the objects of a file without scenes, except those that an instancer shows."""
    found = [item for item in objects if item is not None]
    instanced = {
        member
        for item in found
        if item.instance_type == "COLLECTION" and item.instance_collection is not None
        for member in item.instance_collection.all_objects
    }
    scene = context.scene()
    for item in found:
        if item not in instanced:
            scene.collection.objects.link(item)


def _background_scenes(source: Any) -> Iterator[Any]:
    """Yield the scenes that `source` shows behind its own objects, each once."""
    seen = {source}
    other = source.background_set
    while other is not None and other not in seen:
        seen.add(other)
        yield other
        other = other.background_set


def _link_shown(top: Any) -> None:
    """Link the objects of the layer collection `top` with the visibility they have there."""
    standings: dict[Any, list[_Standing]] = {}
    for item, standing in _members(top):
        standings.setdefault(item, []).append(standing)
    scene = context.scene()
    for item, found in standings.items():
        if item.name not in scene.collection.objects:  # a background scene may share objects
            scene.collection.objects.link(item)
        if all(each.is_hidden for each in found):
            animated_visibility.keep_hidden(item)
            item.hide_render = True
        item.is_holdout = item.is_holdout or any(each.is_holdout for each in found)
        if any(each.is_indirect for each in found):
            item.visible_camera = False


def _members(top: Any) -> Iterator[tuple[Any, _Standing]]:
    """Yield every object of every collection that is not excluded, with its inherited flags."""
    waiting = [(top, _Standing(is_hidden=False, is_holdout=False, is_indirect=False))]
    while waiting:
        layer, above = waiting.pop()
        here = _Standing(
            is_hidden=above.is_hidden or layer.collection.hide_render,
            is_holdout=above.is_holdout or layer.holdout,
            is_indirect=above.is_indirect or layer.indirect_only,
        )
        if not layer.exclude:
            yield from ((item, here) for item in layer.collection.objects)
        waiting += [(child, here) for child in layer.children]


def _take_time(source: Any) -> None:
    """Copy the current frame, the frame range, rate and remapping from `source`."""
    scene = context.scene()
    scene.frame_start, scene.frame_end = source.frame_start, source.frame_end
    scene.render.fps, scene.render.fps_base = source.render.fps, source.render.fps_base
    scene.render.frame_map_old = source.render.frame_map_old
    scene.render.frame_map_new = source.render.frame_map_new
    scene.frame_set(source.frame_current)


def _remove(source: Any) -> None:
    """Remove an appended scene and the data only it used; drivers are remapped to our scene."""
    scene: Any = context.scene()
    for name, value in source.items():  # drivers may read custom properties
        if name not in scene.bl_rna.properties:  # settings of add-ons, such as Cycles
            scene[name] = value
    source.user_remap(scene)
    data: Any = bpy.data
    while source is not None:
        behind = source.background_set
        data.scenes.remove(source)
        source = behind if behind in set(data.scenes) else None
    _keep_referenced(scene)
    data.orphans_purge(do_local_ids=True, do_linked_ids=True, do_recursive=True)


def _keep_referenced(scene: Any) -> None:
    """Keep the objects that those of `scene` refer to from being purged.

    Parents and the targets of constraints and modifiers do not count as users, but they move what
    is shown even if their collection is excluded.
    """
    data: Any = bpy.data
    references: dict[Any, list[Any]] = {}
    for named, users in data.user_map().items():
        for user in users:
            references.setdefault(user, []).append(named)
    waiting: list[Any] = list(scene.collection.all_objects)
    seen = set(waiting)
    while waiting:
        for named in references.get(waiting.pop(), ()):
            if named not in seen:
                seen.add(named)
                waiting.append(named)
                if isinstance(named, bpy.types.Object) and named.library is None:
                    named.use_fake_user = True
