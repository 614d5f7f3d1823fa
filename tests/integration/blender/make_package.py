"""Run under the bpy wheel: writes package.usdz, whose picture is spelled in another case inside.

make_package.py REPOSITORY FOLDER
"""

import os
import sys
from pathlib import Path

import bpy

repository, folder = sys.argv[-2:]
sys.path.insert(0, repository)

from tests.truth import crates  # noqa: E402 - found just now

bpy.ops.wm.read_factory_settings(use_empty=True)
crates.packaged("Maps/Cube.png", "maps/cube.png")(Path(folder))
Path(folder, "model.usdz").rename(Path(folder, "package.usdz"))
os._exit(0)
