"""Layout of NeRF-synthetic (bmild/nerf), which most NeRF trainers call "blender".

<uid>/transforms_{train,val,test}.json   camera_angle_x; frames with file_path, without extension
<uid>/{train,val,test}/r_<i>.png         RGBA, straight alpha
<uid>/{train,val,test}/transforms.json   the same for the ShapeNet tutorial's trainer: file_path is
                                         relative to this folder and has its extension
"""

from __future__ import annotations

from typing import Final

from worker.codecs import json_file
from worker.codecs.nerf_frames import frame
from worker.core import keys
from worker.export.layouts.base import (
    Files,
    NerfLayout,
    Scene,
    angle_x,
    colour_file,
    own_folder,
)


def files(scene: Scene) -> Files:
    """The cameras and images of each split."""
    angle = angle_x(scene.zip, list(scene.zip.views))
    for split, views in scene.splits.items():
        for number, view in enumerate(views):
            yield f"{scene.folder}/{split}/r_{number}.png", colour_file(scene.zip, view)
        for name, path in (
            (keys.split_file(split), f"./{split}/r_{{}}"),
            (f"{split}/{keys.TRANSFORMS}", "r_{}.png"),
        ):
            frames = [
                frame(view.camera_to_world, path.format(number))
                for number, view in enumerate(views)
            ]
            document = {"camera_angle_x": angle, "frames": frames}
            yield f"{scene.folder}/{name}", json_file.json_file(document)


LAYOUT: Final = NerfLayout(files=files, turntable=own_folder)
