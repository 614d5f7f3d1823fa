"""Run inside Blender: save a scene with an image whose path was once longer.

save_paths.py REPOSITORY SCENE
"""

import sys

import bpy

repository, scene = sys.argv[-2:]
sys.path.insert(0, repository)

from worker.blender.debugging import overwrite  # noqa: E402

bpy.ops.wm.read_factory_settings(use_empty=True)
image = bpy.data.images.new("picture", 4, 4)
image.use_fake_user = True
image.filepath_raw = "//" + "secret/" * 130
image.filepath_raw = "//picture.png"  # the rest of the long path stays behind it
if "--as-it-is" not in sys.argv:
    overwrite(image, "filepath_raw", "//other.png")
bpy.ops.wm.save_as_mainfile(filepath=scene, compress=False)
