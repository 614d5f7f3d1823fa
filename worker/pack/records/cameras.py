"""``cameras.json``: all cameras of an object.

version       1
convention    "OpenGL camera-to-world": column-vector 4x4, rows listed; the camera has x
              right, y up and looks down -z; the world is right-handed with Z up
unit          the world's unit of length, in words
placement     scale and offset: a point of the imported file is at point * scale + offset in
              the world; bbox: the object's bounding box in the world, [[min], [max]]
splits        the number of views, in order, for "train", "val" and "test"; only if the recipe
              splits the views
stereo        baseline, the distance between the cameras of a pair in world units; pairs, the
              names of left and right view of each viewpoint; only if the recipe has a baseline
views         in order, each with
  name             "000"
  camera_to_world  4x4, see convention
  K                3x3 in pixels, origin at the top left corner, pixel centres at +0.5
  width, height    size of its images in pixels
  projection       "perspective": pixel = K p / p.z; "orthographic": pixel = K [p.x, p.y, 1]
                   (p in OpenCV axes: x right, y down, z forward)
  files            its images' names, beside this file, by kind
  coverage         share of its pixels that show the object, 0 to 1
  facts            by image kind, what is special to this view's image: depth's near and far
"""

from __future__ import annotations

from typing import Any, Final

from worker.codecs import json_file
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.pack.placement import unit
from worker.pack.records import splits
from worker.pack.records.base import Files, Record, Taken

VERSION: Final = 1
CONVENTION: Final = "OpenGL camera-to-world"


def contents(taken: Taken, recipe: Recipe) -> bytes:
    """The contents of ``cameras.json``, for perspective or orthographic cameras."""
    placement = taken.placement
    endings = keys.image_endings(recipe.images)
    document: dict[str, Any] = {
        "version": VERSION,
        "convention": CONVENTION,
        "unit": unit(recipe.subject),
        "placement": {
            "scale": placement.scale,
            "offset": placement.offset,
            "bbox": [placement.low, placement.high],
        },
        "views": [
            {
                "name": view.name,
                "camera_to_world": view.camera_to_world,
                "K": view.intrinsics,
                "width": view.width,
                "height": view.height,
                "projection": view.projection,
                "files": {
                    kind: keys.image_file(view.name, ending) for kind, ending in endings.items()
                },
                "coverage": taken.coverage.get(view.name),
                "facts": taken.facts[view.name],
            }
            for view in taken.views
        ],
    }
    if baseline := recipe.camera.baseline:
        names = [view.name for view in taken.views]
        pairs = [list(pair) for pair in zip(names[::2], names[1::2], strict=True)]
        document["stereo"] = {"baseline": baseline, "pairs": pairs}
    if splits.asked(recipe):
        document["splits"] = {
            name: len(part) for name, part in splits.parts(taken.views, recipe).items()
        }
    return json_file.json_file(document)


def _of_all(taken: Taken, recipe: Recipe) -> Files:
    return {keys.CAMERAS: contents(taken, recipe)}


RECORD: Final = Record(name="cameras", of_all=_of_all)
