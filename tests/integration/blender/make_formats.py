"""Run under the bpy wheel: writes one cube, 2 units wide, in the formats the samples leave out."""

import os
import sys
from pathlib import Path

import bpy

folder = Path(sys.argv[-1])
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add(size=2.0)
bpy.ops.wm.alembic_export(filepath=str(folder / "cube.abc"))
bpy.ops.wm.collada_export(filepath=str(folder / "cube.dae"))
for suffix in ("usd", "usda", "usdc", "usdz"):
    bpy.ops.wm.usd_export(filepath=str(folder / f"cube.{suffix}"))
os._exit(0)
