"""Renders the views of a saved scene, as a person would who opens it: run by a Blender's Python.

python render_saved.py -- SCENE FOLDER          (or blender … --python render_saved.py -- …)
"""

import sys

import bpy

scene_file, folder = sys.argv[sys.argv.index("--") + 1 :]
bpy.ops.wm.open_mainfile(filepath=scene_file, use_scripts=False)
scene = bpy.context.scene
markers = {marker.camera.name: marker.frame for marker in scene.timeline_markers if marker.camera}
settings = scene.render.image_settings
settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGBA", "8"
cameras = sorted(item.name for item in scene.objects if item.name.startswith("view "))
assert cameras
for name in cameras:
    if name in markers:
        scene.frame_set(markers[name])
    scene.camera = bpy.data.objects[name]
    scene.render.filepath = f"{folder}/{name[-3:]}.png"
    bpy.ops.render.render(write_still=True)
