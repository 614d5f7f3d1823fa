"""Layout of instant-ngp (NVlabs/instant-ngp): NeRF-synthetic's files with scale and depth.

<uid>/transforms_{train,val,test}.json   also aabb_scale, scale and offset, for the unit cube at
                                         the origin, and integer_depth_scale
<uid>/{train,val,test}/r_<i>.png         RGBA
<uid>/{train,val,test}/r_<i>_depth.png   16-bit planar Z / integer_depth_scale, 0 where nothing is
                                         visible; only if the zip has depth
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from worker.codecs import camera_conventions, json_file, png
from worker.codecs.nerf_frames import frame, pinhole
from worker.core import keys
from worker.export import images
from worker.export.layouts.base import (
    Files,
    NerfLayout,
    Scene,
    colour_file,
    own_folder,
    reach,
    shared_camera,
)

DEPTH_STEP: Final = 1 / 8192
"""World units per step: far finer than a pixel; 16 bits reach 8 units."""


def files(scene: Scene) -> Files:
    """The cameras, images and depth of each split."""
    with_depth = images.has(scene.zip, *images.DEPTH_KINDS)
    shared = shared_camera(scene.zip, list(scene.zip.views))
    common: dict[str, Any] = {
        "camera_angle_x": camera_conventions.fov(shared.K, *shared.size)[0],
        **pinhole(shared.K, *shared.size),
        "aabb_scale": 1,
        "scale": 0.5 / reach(scene.zip),
        "offset": [0.5, 0.5, 0.5],
    }
    if with_depth:
        common["integer_depth_scale"] = DEPTH_STEP
    for split, views in scene.splits.items():
        frames = []
        for number, view in enumerate(views):
            name = f"{split}/r_{number}"
            yield f"{scene.folder}/{name}.png", colour_file(scene.zip, view)
            more = {}
            if with_depth:
                more["depth_path"] = f"{name}_depth.png"
                value = np.rint(images.depth(scene.zip, view).astype(np.float64) / DEPTH_STEP)
                stored = np.where(value <= images.TOP, value, 0).astype(np.uint16)
                yield f"{scene.folder}/{name}_depth.png", png.encode(stored)
            frames.append(frame(view.camera_to_world, f"./{name}", **more))
        yield (
            f"{scene.folder}/{keys.split_file(split)}",
            json_file.json_file({**common, "frames": frames}),
        )


LAYOUT: Final = NerfLayout(files=files, turntable=own_folder)
