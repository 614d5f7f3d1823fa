"""Small objects made with bpy, the same scenes each time: a demonstration, and hard ones for tests.

python -m tests.sample_models DIR [--family hard] [NAME...]
blender -b --factory-startup --python tests/sample_models/program.py -- DIR
"""

from tests.sample_models.make import main

__all__ = ["main"]
