"""One model file into an empty scene."""

from __future__ import annotations

from typing import Any

import bpy

from worker.blender import compat, context
from worker.blender.faults import ObjectFault, brief
from worker.blender.importing.paths import Root
from worker.contract.recipe import Subject

FILE_DATA = ("libraries", "fonts", "sounds", "movieclips", "volumes", "cache_files")
"""Datablocks, besides images, that Blender reads from a path of their own when evaluated."""
FILE_MODIFIERS = frozenset({"MESH_CACHE", "FLUID", "DYNAMIC_PAINT", "OCEAN"})
FILE_NODES = ("GeometryNodeImport", "ShaderNodeScript", "ShaderNodeTexIES")


def load(root: Root, suffix: str, subject: Subject) -> None:
    """Bring the model of `root` into the scene; it is a file of format `suffix`.

    What is hidden in the file ends hidden in the render and in the viewport alike.
    Raises: ObjectFault("unsupported" or "import").
    """
    if suffix not in compat.formats():
        raise ObjectFault(
            "unsupported",
            f"Blender {compat.version()} cannot import .{suffix} here; "
            f"it can: {', '.join(compat.formats())}",
        )
    try:
        root.check(suffix)
        if suffix == "blend":
            _append(root.model)
        else:
            _operate(root.model, suffix, subject)
    except ObjectFault:
        raise
    except Exception as error:
        raise ObjectFault("import", f"cannot import the .{suffix}: {brief(error)}") from error
    _drop_outside(root)
    if suffix == "blend":
        _drop_file_readers()
    _hide(only_render=suffix == "blend")
    if suffix == "fbx":
        _order_by_name()


def _operate(path: str, suffix: str, subject: Subject) -> None:
    chosen = compat.importer(suffix)
    assert chosen is not None  # noqa: S101 - formats() holds what importer() finds
    if not compat.run(chosen, path, {"merge_vertices": subject.merge_vertices}):
        raise ObjectFault("import", f"cannot import the .{suffix}: the importer gave up")


def _append(path: str) -> None:
    """Append the objects of a .blend: an opened one could run its compositor or its scripts.

    Members of a collection that something instances are left to the instancer, which shows them
    where it stands; the scene that says whether they also stand for themselves is not read.
    """
    if not compat.scripts_are_off():
        raise ObjectFault("import", "scripts are allowed in this Blender; a .blend is not read")
    data: Any = bpy.data
    with data.libraries.load(path, link=False) as (there, here):
        here.objects = list(there.objects)
        here.collections = list(there.collections)
    objects = [item for item in here.objects if item is not None]
    hidden = _in_hidden_collections([group for group in here.collections if group is not None])
    instanced = {
        member
        for item in objects
        if item.instance_type == "COLLECTION" and item.instance_collection is not None
        for member in item.instance_collection.all_objects
    }
    scene = context.scene()
    for item in objects:
        if item not in instanced:
            scene.collection.objects.link(item)
            item.hide_render = item.hide_render or item in hidden


def _in_hidden_collections(collections: list[Any]) -> set[Any]:
    """Objects that stand in collections, all of which are hidden from the render.

    What also stands in the scene's own collection is not told apart: the scene is not read.
    """
    inner = {child for group in collections for child in group.children}
    waiting = [(group, True) for group in collections if group not in inner]
    held: set[Any] = set()
    shown: set[Any] = set()
    done = set()
    while waiting:
        group, above = waiting.pop()
        seen = above and not group.hide_render
        if (group, seen) in done:
            continue
        done.add((group, seen))
        held.update(group.objects)
        shown.update(group.objects if seen else ())
        waiting += [(child, seen) for child in group.children]
    return held - shown


def _drop_outside(root: Root) -> None:
    """Remove datablocks that would be read from outside the object's folder."""
    for kind in FILE_DATA:
        collection: Any = getattr(bpy.data, kind)
        for block in list(collection):
            path = block.filepath
            if not path or path == "<builtin>" or getattr(block, "packed_file", None):
                continue
            if not root.holds(root.locate(bpy.path.abspath(path, library=block.library))):
                collection.remove(block)


def _drop_file_readers() -> None:
    """Remove modifiers and nodes of a .blend that read or write files on their own account."""
    for item in bpy.data.objects:
        for modifier in list(item.modifiers):
            if modifier.type in FILE_MODIFIERS:
                item.modifiers.remove(modifier)
    for tree in node_trees():
        for node in list(tree.nodes):
            if node.bl_idname.startswith(FILE_NODES):
                tree.nodes.remove(node)


def _order_by_name() -> None:
    """Link the scene's objects in the order of their names.

    Blender's own FBX importer links them in the order of a hash table of their addresses, which
    differs from process to process; the order of an object image's charts follows from it.
    """
    linked = context.scene().collection.objects
    for item in sorted(linked, key=lambda each: each.name):
        linked.unlink(item)
        linked.link(item)


def node_trees() -> list[Any]:
    """Every node tree that shades or shapes something: materials' own and shared groups."""
    owners: list[Any] = [*bpy.data.materials, *bpy.data.lights, *bpy.data.worlds]
    own = [owner.node_tree for owner in owners if owner.use_nodes and owner.node_tree]
    return [*own, *bpy.data.node_groups]


def _hide(*, only_render: bool) -> None:
    """Make viewport and render show the same objects.

    Importers mark what a file hides in the viewport only; in a .blend the render's mark counts.
    """
    scene = context.scene()
    for item in scene.objects:
        hidden = item.hide_render or (not only_render and (item.hide_viewport or item.hide_get()))
        item.hide_render = item.hide_viewport = bool(hidden)
    shown = set(scene.objects)
    for item in bpy.data.objects:
        if item.show_instancer_for_viewport != item.show_instancer_for_render:
            item.show_instancer_for_viewport = item.show_instancer_for_render
        if item not in shown and item.hide_viewport != item.hide_render:  # only instances show it
            item.hide_viewport = item.hide_render
    for collection in bpy.data.collections:
        collection.hide_viewport = collection.hide_render
    for item in bpy.data.objects:
        for modifier in item.modifiers:
            modifier.show_viewport = modifier.show_render
