"""Run inside Blender: a cube that moves, and instances of a small one, measured in both ways.

measure_extent.py REPOSITORY: prints what was found as one JSON line.
"""

import json
import os
import sys

import bpy
import numpy as np

sys.path.insert(0, sys.argv[-1])

from worker.blender import compat
from worker.blender.geometry import extent
from worker.blender.views import scene

FRAMES = (1, 5)
DIRECTIONS = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 2.0]])
CENTRE = np.array([2.0, 0.0, 0.0])


def furnish():
    """A cube of side 2 that moves from x = 0 to 4, and twice a cube of side 1, at z = 6 and -3."""
    scene.clean()
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    for frame, x in zip(FRAMES, (0.0, 4.0), strict=True):
        cube.location.x = x
        cube.keyframe_insert("location", frame=frame)
    bpy.ops.mesh.primitive_cube_add(size=1)
    small = bpy.context.object
    small.location.z = 6.0
    again = bpy.data.objects.new("again", small.data)
    again.location.z = -3.0
    bpy.context.scene.collection.objects.link(again)
    bpy.context.scene.frame_set(FRAMES[0])


def told():
    measured = extent.Extent(FRAMES)
    low, high = measured.bounds()
    centres, half = measured.boxes()
    return {
        "bounds": [low.tolist(), high.tolist()],
        "support": measured.support(DIRECTIONS).tolist(),
        "reach": measured.reach(CENTRE),
        "boxes": [centres.tolist(), half.tolist()],
    }


compat.start()
furnish()
found = {"kept": told()}
extent.KEPT = 0
found["asked"] = told()
extent.CHUNK = 5
found["in parts"] = told()
sys.stdout.write(f"FOUND {json.dumps(found)}\n")
sys.stdout.flush()
os._exit(0)
