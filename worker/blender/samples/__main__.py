"""Makes the samples under the bpy wheel: python -m worker.blender.samples DIR."""

from __future__ import annotations

import sys

from worker.blender.samples.make import main

main(sys.argv[1:])
