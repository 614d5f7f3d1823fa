"""Starts a child under the bpy wheel: python -m worker.blender --socket-fd N."""

from __future__ import annotations

import sys

from worker.blender.child import main

main(sys.argv[1:])
