"""Small objects made with bpy, the same scenes each time: a demonstration, and hard ones for tests.

python -m worker.blender.samples DIR [--family hard] [NAME...]
blender -b --factory-startup --python worker/blender/program.py -- samples DIR
"""

from worker.blender.samples.make import main

__all__ = ["main"]
