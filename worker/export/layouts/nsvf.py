"""Layout of NSVF (facebookresearch/NSVF).

<uid>/rgb/{0_train,1_val,2_test}_<nnnn>.png    RGBA
<uid>/pose/{0_train,1_val,2_test}_<nnnn>.txt   4x4 camera-to-world, OpenCV axes
<uid>/intrinsics.txt                           4x4 with K, which all views share
<uid>/bbox.txt                                 xmin ymin zmin xmax ymax zmax, initial voxel size
"""

from __future__ import annotations

from typing import Final

import numpy as np

from worker.codecs import camera_conventions
from worker.core import keys
from worker.export.layouts.base import (
    Files,
    NerfLayout,
    Scene,
    colour_file,
    own_folder,
    shared_camera,
)
from worker.pack.records.nsvf import VOXELS, rows

MARGIN: Final = 0.05
"""Margin around the object, as a share of its longest side: NSVF learns only inside the box."""


def files(scene: Scene) -> Files:
    """The images, poses, intrinsics and bounding box."""
    for number, (split, views) in enumerate(scene.splits.items()):
        for position, view in enumerate(views):
            name = f"{number}_{split}_{position:04d}"
            yield f"{scene.folder}/rgb/{name}.png", colour_file(scene.zip, view)
            pose = camera_conventions.camera_to_world_opencv(view.camera_to_world)
            yield f"{scene.folder}/{keys.pose_file(name)}", rows(pose)
    k = camera_conventions.intrinsics_4x4(shared_camera(scene.zip, list(scene.zip.views)).K)
    yield f"{scene.folder}/{keys.INTRINSICS}", rows(k)
    placement = scene.zip.cameras.placement
    if placement is None:
        raise scene.zip.lacking("bounding box in cameras.json")
    low, high = np.asarray(placement.bbox)
    side = float((high - low).max())
    box = [*(low - MARGIN * side), *(high + MARGIN * side), (1 + 2 * MARGIN) * side / VOXELS]
    yield f"{scene.folder}/{keys.BBOX}", rows([box])


LAYOUT: Final = NerfLayout(files=files, turntable=own_folder)
