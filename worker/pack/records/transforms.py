"""``transforms.json`` and its variants: one frame per view, camera-to-world 4x4, OpenGL axes.

transforms      the keys that all readers share: GET3D's keys and each frame's field of view
get3d           the same, with GET3D's rotation.npy and elevation.npy (degrees)
trellis         TRELLIS's aabb, and the object's scale and offset
nerfstudio      K of each frame, mask paths and splits
instant-ngp     NeRF-synthetic's keys for a unit cube at the origin; depth, if its encoding allows
nerf-synthetic  transforms_train.json, _val and _test; file_path has no extension

Formats: from each system's own reader, for TRELLIS from its dataset_toolkits. A ``file_path`` is
relative to the file that names it. All but nerf-synthetic write the same file, so a recipe can have
only one of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from worker.codecs import camera_conventions, image_formats, json_file
from worker.codecs.nerf_frames import frame, pinhole
from worker.contract.protocol import View
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.pack.records import splits
from worker.pack.records.base import Files, Record, Taken

Document = dict[str, Any]
AABB: Final = [[-0.5, -0.5, -0.5], [0.5, 0.5, 0.5]]
"""The unit cube at the origin, into which objects are scaled."""


def picture(recipe: Recipe) -> str:
    """The file name ending of the images that frames refer to.

    That is colour or albedo if the recipe has one of them, else its first image kind.
    """
    endings = keys.image_endings(recipe.images)
    bare = [ending for ending in endings.values() if ending == ".png"]
    return (bare or list(endings.values()))[0]


def angle_x(view: View) -> float:
    """Horizontal field of view in radians."""
    return camera_conventions.fov(view.intrinsics, view.width, view.height)[0]


def _frame(view: View, ending: str, **more: Any) -> Document:
    return frame(view.camera_to_world, keys.image_file(view.name, ending), **more)


def _plain(taken: Taken, recipe: Recipe) -> Document:
    frames = [_frame(view, picture(recipe), camera_angle_x=angle_x(view)) for view in taken.views]
    return {"camera_angle_x": angle_x(taken.views[0]), "aabb": AABB, "frames": frames}


def trellis(
    views: Sequence[View], scale: float, offset: tuple[float, float, float], ending: str
) -> Document:
    """TRELLIS's transforms.json of `views`, whose images have this ending.

    A point p of the file is at ``scale * p + offset`` in the world of the cameras.
    """
    frames = [_frame(view, ending, camera_angle_x=angle_x(view)) for view in views]
    return {"aabb": AABB, "scale": scale, "offset": offset, "frames": frames}


def _trellis(taken: Taken, recipe: Recipe) -> Document:
    placement = taken.placement
    return trellis(taken.views, placement.scale, placement.offset, picture(recipe))


def _nerfstudio(taken: Taken, recipe: Recipe) -> Document:
    mask = keys.image_endings(recipe.images).get("mask")
    frames = []
    for view in taken.views:
        more: Document = dict(pinhole(view.intrinsics, view.width, view.height))
        if mask:
            more["mask_path"] = keys.image_file(view.name, mask)
        frames.append(_frame(view, picture(recipe), **more))
    document: Document = {"camera_model": "OPENCV", "frames": frames}
    if splits.asked(recipe):
        for name, views in splits.parts(taken.views, recipe).items():
            document[f"{name}_filenames"] = [
                keys.image_file(view.name, picture(recipe)) for view in views
            ]
    return document


def _instant_ngp(taken: Taken, recipe: Recipe) -> Document:
    document: Document = {
        "camera_angle_x": angle_x(taken.views[0]),
        "aabb_scale": 1,
        "scale": 1.0,
        "offset": [0.5, 0.5, 0.5],
        "frames": [_frame(view, picture(recipe)) for view in taken.views],
    }
    depth = recipe.depth
    if "depth" in recipe.images and (depth.mode, depth.near, depth.invalid) == ("fixed", 0.0, 0):
        document["integer_depth_scale"] = depth.far / 65535
        for view, each in zip(taken.views, document["frames"], strict=True):
            each["depth_path"] = keys.image_file(view.name, keys.IMAGE_ENDINGS["depth"])
    return document


def _one_file(make: Callable[[Taken, Recipe], Document]) -> Callable[[Taken, Recipe], Files]:
    return lambda taken, recipe: {keys.TRANSFORMS: json_file.json_file(make(taken, recipe))}


def _get3d(taken: Taken, recipe: Recipe) -> Files:
    turns = [turn_and_height(view) for view in taken.views]
    rotation, elevation = np.array(turns, np.float64).T
    return {
        keys.TRANSFORMS: json_file.json_file(_plain(taken, recipe)),
        keys.ROTATION: image_formats.NPY.encode(rotation),
        keys.ELEVATION: image_formats.NPY.encode(elevation),
    }


def turn_and_height(view: View) -> tuple[float, float]:
    """GET3D's rotation (0 to 360) and elevation of a camera, in degrees.

    GET3D places the camera on +Y, rotates it about X by the elevation, then about Z by the
    rotation.
    """
    x, y, z = (row[3] for row in view.camera_to_world[:3])
    turn = math.degrees(math.atan2(-x, y)) % 360.0
    return turn, math.degrees(math.atan2(z, math.hypot(x, y)))


def _nerf_synthetic(taken: Taken, recipe: Recipe) -> Files:
    ending = picture(recipe)
    files = {}
    for name, views in splits.parts(taken.views, recipe).items():
        frames = [_frame(view, ending) for view in views]
        for each in frames:
            each["file_path"] = f"./{each['file_path'].removesuffix('.png')}"
        document = {"camera_angle_x": angle_x(taken.views[0]), "frames": frames}
        files[keys.split_file(name)] = json_file.json_file(document)
    return files


TRANSFORMS_RECORDS: Final = (
    Record(name="transforms", of_all=_one_file(_plain)),
    Record(name="get3d", of_all=_get3d),
    Record(name="trellis", of_all=_one_file(_trellis)),
    Record(name="nerfstudio", of_all=_one_file(_nerfstudio)),
    Record(name="instant-ngp", of_all=_one_file(_instant_ngp)),
    Record(name="nerf-synthetic", of_all=_nerf_synthetic),
)
