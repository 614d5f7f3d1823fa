"""python more_formats.py DIR: one cone in each format that the project's samples leave out."""

import os
import sys
from pathlib import Path

import bpy

folder = Path(sys.argv[1])
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cone_add(vertices=24)
for suffix, write in {
    "abc": bpy.ops.wm.alembic_export,
    "dae": bpy.ops.wm.collada_export,
    "usdc": bpy.ops.wm.usd_export,
    "usdz": bpy.ops.wm.usd_export,
    "blend": bpy.ops.wm.save_as_mainfile,
}.items():
    write(filepath=str(folder / f"cone.{suffix}"))
sys.stdout.flush()
os._exit(0)  # bpy may crash on its way out, its work done
