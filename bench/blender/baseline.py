"""The baseline: one Blender process per object, as in the published rendering scripts.

    python bench/blender/baseline.py MODEL FOLDER VIEWS RESOLUTION SAMPLES SEED THREADS
    blender -b --factory-startup --python bench/blender/baseline.py -- MODEL FOLDER …

It imports the object, scales it into the unit cube, adds four suns, and renders one PNG per view
from cameras on a shell, without persistent data. It is as fast as this method can be: it uses the
C++ importers, and counts and checks nothing. The object's size, the lights and the sampling are
those of the worker's `default` preset, so that both sides trace the same number of rays.
"""

from __future__ import annotations

import math
import os
import random
import sys
from pathlib import Path
from typing import Any

import bpy
import mathutils
import numpy as np

SUNS = (
    ((0.785, 0.0, -0.785), 4.0),
    ((0.785, 0.0, 2.356), 3.0),
    ((-0.785, 0.0, -3.927), 4.0),
    ((math.pi, 0.0, 0.0), 2.0),
)
GREY = 0.05087609


def load(path: str) -> None:
    """Import a file into the current scene; its suffix selects the importer."""
    ops: Any = bpy.ops
    data: Any = bpy.data
    scene: Any = bpy.context.scene
    suffix = path.rpartition(".")[2]
    if suffix == "blend":
        with data.libraries.load(path, link=False) as (there, here):
            here.objects = list(there.objects)
        for item in here.objects:
            scene.collection.objects.link(item)
    elif suffix == "glb":
        ops.import_scene.gltf(filepath=path, merge_vertices=True)
    else:
        {"ply": ops.wm.ply_import, "obj": ops.wm.obj_import, "stl": ops.wm.stl_import}[suffix](
            filepath=path
        )


def normalise(scene: Any) -> None:
    """Scale the bounding box to a longest side of 1 and centre it, with one parent empty."""
    graph: Any = bpy.context.evaluated_depsgraph_get()
    points = []
    for item in scene.objects:
        if item.type == "MESH":
            mesh = item.evaluated_get(graph).data
            flat = np.empty(3 * len(mesh.vertices), np.float32)
            mesh.vertices.foreach_get("co", flat)
            turn = np.array(item.matrix_world)
            points.append(flat.reshape(-1, 3) @ turn[:3, :3].T + turn[:3, 3])
    low, high = (end(np.concatenate(points), axis=0).tolist() for end in (np.min, np.max))
    scale = 1.0 / max(b - a for a, b in zip(low, high, strict=True))
    frame = bpy.data.objects.new("frame", None)
    frame.scale = (scale, scale, scale)
    frame.location = [-scale * (a + b) / 2 for a, b in zip(low, high, strict=True)]
    roots = [item for item in scene.objects if item.parent is None]
    scene.collection.objects.link(frame)
    for root in roots:
        root.parent = frame


def light(scene: Any) -> None:
    """Add four suns without shadows and a dim grey world."""
    scene.world = bpy.data.worlds.new("world")
    scene.world.color = (GREY, GREY, GREY)
    for number, (rotation, energy) in enumerate(SUNS):
        sun: Any = bpy.data.lights.new(f"sun-{number}", "SUN")
        sun.energy, sun.use_shadow = energy, False
        sun.cycles.cast_shadow = False
        item = bpy.data.objects.new(sun.name, sun)
        item.rotation_euler = rotation
        scene.collection.objects.link(item)


def configure(scene: Any, resolution: int, samples: int) -> None:
    """Apply the settings of the worker's `default` preset."""
    scene.render.engine = "CYCLES"
    scene.render.resolution_x = scene.render.resolution_y = resolution
    scene.render.film_transparent = True
    scene.render.use_compositing = scene.render.use_sequencer = False
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.exposure = -1.5
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = samples
    cycles.use_denoising = cycles.use_adaptive_sampling = False
    cycles.filter_width = 1.0
    cycles.diffuse_bounces = cycles.glossy_bounces = 1
    cycles.transparent_max_bounces = cycles.transmission_bounces = 3


def viewpoint(chance: random.Random) -> mathutils.Matrix:
    """A random camera-to-world matrix at distance 1.5 to 2.2, looking at the origin."""
    away = mathutils.Vector([chance.gauss(0, 1) for _ in range(3)]).normalized()
    turn = away.to_track_quat("Z", "Y").to_matrix().to_4x4()
    return mathutils.Matrix.Translation(away * chance.uniform(1.5, 2.2)) @ turn


def main(arguments: list[str]) -> None:
    """Render all views of one object."""
    model, folder = arguments[:2]
    views, resolution, samples, seed, threads = map(int, arguments[2:])
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module="cycles")
    if model.endswith(".glb"):
        bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
    scene: Any = bpy.context.scene
    load(model)
    normalise(scene)
    light(scene)
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width = 35.0, 32.0
    camera = bpy.data.objects.new("camera", data)
    scene.collection.objects.link(camera)
    scene.camera = camera
    configure(scene, resolution, samples)
    if threads:
        scene.render.threads_mode, scene.render.threads = "FIXED", threads
    chance = random.Random(seed)  # noqa: S311 - not for security
    for number in range(views):
        camera.matrix_world = viewpoint(chance)
        scene.render.filepath = str(Path(folder, f"{number:03d}.png"))
        bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # Blender may crash during its clean-up
