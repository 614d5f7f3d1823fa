"""Run inside Blender: a subdivided, mirrored monkey rendered with its modifiers and applied.

measure_modifiers.py REPOSITORY FOLDER: prints what was found as one JSON line.
"""

import json
import os
import sys
from pathlib import Path

import bpy
import numpy as np

repository, folder = sys.argv[-2:]
sys.path.insert(0, repository)

from worker.blender import compat  # noqa: E402 - found just now
from worker.blender.geometry import extent, modifiers  # noqa: E402 - found just now
from worker.blender.views import scene  # noqa: E402 - found just now


def monkey():
    scene.clean()
    bpy.ops.mesh.primitive_monkey_add()
    item = bpy.context.object
    for name, colour in (("a", (0.8, 0.2, 0.1, 1)), ("b", (0.1, 0.2, 0.8, 1))):
        material = bpy.data.materials.new(name)
        material.use_nodes = True
        material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = colour
        item.data.materials.append(material)
    for number, polygon in enumerate(item.data.polygons):
        polygon.material_index, polygon.use_smooth = number % 2, number % 3 > 0
    item.modifiers.new("mirror", "MIRROR").use_axis = (False, False, True)
    smooth = item.modifiers.new("smooth", "SUBSURF")
    smooth.levels, smooth.render_levels = 1, 2
    return item


def picture(name):
    current = bpy.context.scene
    current.render.engine = "CYCLES"
    current.cycles.samples, current.cycles.use_denoising = 4, False
    current.render.resolution_x = current.render.resolution_y = 64
    camera = bpy.data.objects.new("view", bpy.data.cameras.new("view"))
    camera.location, camera.rotation_euler = (0, -5, 0), (1.5708, 0, 0)
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    for item in (camera, sun):
        current.collection.objects.link(item)
    current.camera = camera
    current.render.filepath = str(Path(folder, name))
    bpy.ops.render.render(write_still=True)
    return np.array(bpy.data.images.load(current.render.filepath).pixels[:])


compat.start()
monkey()
with_modifiers = picture("with.png")
item = monkey()
modifiers.as_rendered()
low, high = extent.Extent([1]).bounds()
modifiers.apply_costly()
applied = picture("applied.png")
found = {
    "difference": float(np.abs(with_modifiers - applied).max()),
    "brightness": float(applied.mean()),
    "modifiers": len(item.modifiers),
    "faces": len(item.data.polygons),
    "meshes": len(bpy.data.meshes),
    "same_box": np.allclose(
        [low, high],
        [f(np.array([v.co[:] for v in item.data.vertices]), 0) for f in (np.min, np.max)],
    ),
}
print("\nFOUND " + json.dumps(found), flush=True)  # noqa: T201 - what the test reads
os._exit(0)
