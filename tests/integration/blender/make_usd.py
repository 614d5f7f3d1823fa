"""Run under the bpy wheel: writes every layer of a folder, *.usda, as a crate beside it, *.usdc."""

import os
import sys
from pathlib import Path

import bpy

# The wheel has USD's own modules where a Blender program would look for them.
for modules in Path(bpy.__file__).parents[3].glob("python/lib/*/site-packages"):
    sys.path.append(str(modules))

from pxr import Sdf  # noqa: E402

for text in Path(sys.argv[-1]).rglob("*.usda"):
    assert Sdf.Layer.FindOrOpen(str(text)).Export(str(text.with_suffix(".usdc"))), text
os._exit(0)
