"""Run inside Blender: what `scene.clean` leaves, of settings and of a scene that was changed.

clean_scene.py REPOSITORY: prints what was found as one JSON line.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import bpy

repository = sys.argv[-1]
sys.path.insert(0, repository)

from worker.blender import compat  # noqa: E402
from worker.blender.views import scene  # noqa: E402

UNLIKE = {"rna_type", "session_uid", "name_full", "original", "id_data", "is_evaluated"}
"""Properties that differ between two files of the same contents, or lead back."""


def settings(owner, depth=3):
    """The values of all properties of a block of data, and of what lies in it."""
    found = {}
    for each in owner.bl_rna.properties:
        if each.identifier in UNLIKE:
            continue
        value = getattr(owner, each.identifier, None)
        if each.type == "POINTER":
            inside = depth and value is not None and not isinstance(value, bpy.types.ID)
            found[each.identifier] = settings(value, depth - 1) if inside else repr(value)
        elif each.type == "COLLECTION":
            found[each.identifier] = len(value)
        else:
            found[each.identifier] = str(list(value) if getattr(each, "is_array", 0) else value)
    return found


def everything():
    """All that is in the file, but for its windows, by collection and name."""
    listed = [each.identifier for each in bpy.data.bl_rna.properties if each.type == "COLLECTION"]
    blocks = {
        name: {block.name: settings(block) for block in getattr(bpy.data, name)}
        for name in listed
        if name not in {"screens", "window_managers", "workspaces"}
    }
    return {"blocks": {name: found for name, found in blocks.items() if found},
            "preferences": settings(bpy.context.preferences),
            "add-ons": sorted(bpy.context.preferences.addons.keys())}  # fmt: skip


def changed():
    """A scene with an object, a picture, other settings and a name."""
    bpy.ops.mesh.primitive_cube_add()
    bpy.data.images.new("picture", 4, 4)
    here = bpy.context.scene
    here.name, here.frame_current, here.unit_settings.scale_length = "other", 9, 0.5
    here.render.resolution_x, here.cycles.samples = 17, 3
    here.world = bpy.data.worlds.new("sky")


def cleaned():
    changed()
    scene.clean()
    return everything()


compat.start()
built_in = everything()
found = {
    "as built in": [each == built_in for each in (cleaned(), cleaned())],
    "changed": (changed(), everything() != built_in)[1],
    "blocks": sorted(built_in["blocks"]),
}
temporary = Path(bpy.app.tempdir)
assert temporary.name.startswith("blender_"), "not a folder of this process alone"
shutil.rmtree(temporary)
found["as built in"].append(cleaned() == built_in)
found["file"] = bpy.data.filepath
found["scripts"] = bpy.context.preferences.filepaths.use_scripts_auto_execute
sys.stdout.write(f"FOUND {json.dumps(found)}\n")
sys.stdout.flush()
os._exit(0)
