"""``cameras.json``: all cameras of an object in one file.

version       1
convention    "OpenGL camera-to-world": column-vector 4x4, rows listed; the camera has x
              right, y up and looks down -z; the world is right-handed with Z up
unit          what a length of 1 is in the world
views         in order, each with
  name             "000"
  camera_to_world  4x4, see convention
  K                3x3 in pixels, origin at the top left corner, pixel centres at +0.5
  width, height    of its images, in pixels
  projection       "perspective"
  files            its images' names, beside this file, by kind
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from worker import keys
from worker.blender.messages import View
from worker.blender.recipe import Recipe
from worker.pack import text
from worker.pack.kinds import KINDS

VERSION: Final = 1
CONVENTION: Final = "OpenGL camera-to-world"
UNIT: Final = "longest side of the object's bounding box"


def write(views: Sequence[View], recipe: Recipe) -> dict[str, bytes]:
    """The one file, by its name."""
    document = {
        "version": VERSION,
        "convention": CONVENTION,
        "unit": UNIT,
        "views": [
            {
                "name": view.name,
                "camera_to_world": view.camera_to_world,
                "K": view.intrinsics,
                "width": view.width,
                "height": view.height,
                "projection": view.projection,
                "files": {
                    kind: keys.image_file(view.name, KINDS[kind].suffix) for kind in recipe.images
                },
            }
            for view in views
        ],
    }
    return {keys.CAMERAS: text.json_file(document)}
