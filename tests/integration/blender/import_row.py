"""Run inside Blender: writes an FBX file with a row of boxes and imports it into an empty scene.

import_row.py REPOSITORY FOLDER: prints the names of the imported objects in the scene's order, and
the sha256 of their points in the order in which `gather` finds them, as one JSON line.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import bpy

repository, folder = sys.argv[-2:]
sys.path.insert(0, repository)

from tests.sample_models.exporters import run_exporter  # noqa: E402 - found just now
from worker.blender import compat  # noqa: E402 - found just now
from worker.blender.geometry.triangle_soup import gather  # noqa: E402 - found just now
from worker.blender.importing import importers  # noqa: E402 - found just now
from worker.blender.importing.paths import Root  # noqa: E402 - found just now
from worker.blender.views import scene  # noqa: E402 - found just now
from worker.contract.recipe import Subject  # noqa: E402 - found just now

compat.start()
scene.clean()
for number in range(12):
    bpy.ops.mesh.primitive_cube_add(location=(3.0 * number, 0.0, 0.0))
    bpy.context.object.name = f"box {number:02}"
run_exporter("fbx", str(Path(folder, "row.fbx")), {})
scene.clean()
importers.load(Root(folder, "row.fbx"), "fbx", Subject(), str(Path(folder, "staged")))
points = gather(1000).points
found = {
    "names": [item.name for item in bpy.context.scene.objects],
    "points": hashlib.sha256(points.tobytes()).hexdigest(),
}
print("\nFOUND " + json.dumps(found), flush=True)  # noqa: T201 - what the test reads
os._exit(0)
