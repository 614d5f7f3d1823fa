"""Imports one model file into an empty scene."""

from __future__ import annotations

import re
from typing import Any, Callable

import bpy

from worker.blender import compat, context
from worker.blender.faults import ObjectFault, brief
from worker.blender.importing import (
    animated_visibility,
    blend_scene,
    file_colours,
    file_data,
    gltf_extensions,
    integrity,
    libraries,
    off_import,
    staging,
)
from worker.blender.importing.paths import Root
from worker.blender.importing.staging import Staged
from worker.contract.recipe import Subject

_UNEXPECTED = re.compile(r"(?:[\w.]+\.)?_?[A-Z]\w*(?:Error|Exception): ")
"""The start of a report in which an importer in Python raised what it did not foresee."""


def load(root: Root, suffix: str, subject: Subject, scratch: str) -> Staged:
    """Import the model of `root`, a file of format `suffix`, into the scene.

    If names of files in the model must be rewritten, the object is laid out anew in the folder
    `scratch`, which must exist until the last view is rendered. Objects that the file hides are
    hidden in both the render and the viewport.
    Returns: the root that was imported, and which referenced files were found or missing.
    Raises: ObjectFault("unsupported" or "import").
    """
    if suffix not in compat.formats():
        raise ObjectFault(
            "unsupported",
            f"Blender {compat.version()} cannot import .{suffix} here; "
            f"it can: {', '.join(compat.formats())}",
        )
    try:
        root.check_model()
        staged = staging.stage(root, suffix, scratch)
        root = staged.root
        root.check(suffix)
        integrity.check(root.model, suffix)
        gltf_extensions.check(root.model, suffix)
        staged.undecodable.update(gltf_extensions.undecodable(root, suffix))
        if suffix in READERS:
            READERS[suffix](staged)
        else:
            _operate(root.model, suffix, subject)
    except ObjectFault:
        raise
    except Exception as error:
        raise ObjectFault("import", f"cannot import the .{suffix}: {_reason(error)}") from error
    staged.lost = file_colours.add(root, suffix)
    file_data.settle(staged)
    if suffix == "blend":
        file_data.drop_readers(staged)
        animated_visibility.follow_render()
    _hide_meant_unseen(suffix)
    _hide(only_render=suffix == "blend")
    if suffix == "fbx":
        _order_by_name()
    return staged


def _reason(error: Exception) -> str:
    """What went wrong; of an importer in Python that trusted the file, that the file is damaged."""
    text = brief(error)
    return f"it is damaged, or contradicts itself ({text})" if _UNEXPECTED.match(text) else text


def _read_blend(staged: Staged) -> None:
    blend_scene.append(staged.root)
    libraries.relink(staged)


def _read_off(staged: Staged) -> None:
    off_import.bring(staged.root)


READERS: dict[str, Callable[[Staged], None]] = {"blend": _read_blend, "off": _read_off}
"""Readers for the formats that are not imported with a Blender operator."""


def _operate(path: str, suffix: str, subject: Subject) -> None:
    chosen = compat.importer(suffix)
    assert chosen is not None  # noqa: S101 - formats() holds what importer() finds
    # Faces with out-of-range vertex indices crash Blender when the mesh is evaluated.
    options = {"merge_vertices": subject.merge_vertices, "validate_meshes": True}
    if not compat.run(chosen, path, options):
        raise ObjectFault("import", f"cannot import the .{suffix}: the importer gave up")


def _order_by_name() -> None:
    """Relink the scene's objects in the order of their names.

    Blender's C++ FBX importer links them in the order of a hash table keyed by address, which
    differs between processes. The order of the charts in an object image depends on it.
    """
    linked = context.scene().collection.objects
    for item in sorted(linked, key=lambda each: each.name):
        linked.unlink(item)
        linked.link(item)


def _hide_meant_unseen(suffix: str) -> None:
    """Hide objects that are not meant to be visible.

    Shadow catchers would appear in depth and masks. USD and Alembic curves without a width are
    guides, which Cycles would render as hair.
    """
    for item in bpy.data.objects:
        catches = (
            item.is_shadow_catcher and item.type != "LIGHT"
        )  # the flag has another meaning for lights
        lines = item.type == "CURVES" and suffix != "blend"
        data: Any = item.data
        if catches or (lines and "radius" not in data.attributes):
            item.hide_render = item.hide_viewport = True


def _hide(*, only_render: bool) -> None:
    """Make the viewport and the render show the same objects.

    Importers apply a file's hidden flag to the viewport only. For a .blend (`only_render`) the
    render visibility decides.
    """
    scene = context.scene()
    for item in scene.objects:
        hidden = item.hide_render or (not only_render and (item.hide_viewport or item.hide_get()))
        item.hide_render = item.hide_viewport = bool(hidden)
    shown = set(scene.objects)
    for item in bpy.data.objects:
        if item.show_instancer_for_viewport != item.show_instancer_for_render:
            item.show_instancer_for_viewport = item.show_instancer_for_render
        if item not in shown and item.hide_viewport != item.hide_render:  # shown as instances only
            item.hide_viewport = item.hide_render
    for collection in bpy.data.collections:
        collection.hide_viewport = collection.hide_render
    for item in bpy.data.objects:
        for modifier in item.modifiers:
            modifier.show_viewport = modifier.show_render
