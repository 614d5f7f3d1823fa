"""NeRF-synthetic (formats.md, section 4): what most NeRF trainers call "blender".

<uid>/transforms_{train,val,test}.json   camera_angle_x; frames of file_path without an ending
<uid>/{train,val,test}/r_<i>.png         RGBA, straight alpha
"""

from __future__ import annotations

from typing import Final

from worker import keys
from worker.export.layouts.base import Files, Layout, Scene, angle_x, colour_file, frame, own_folder
from worker.pack import text


def files(scene: Scene) -> Files:
    """Cameras and images of each split."""
    angle = angle_x(scene.zip, list(scene.zip.views))
    for split, views in scene.splits.items():
        frames = []
        for number, view in enumerate(views):
            name = f"{split}/r_{number}"
            yield f"{scene.folder}/{name}.png", colour_file(scene.zip, view)
            frames.append(frame(view, f"./{name}"))
        document = {"camera_angle_x": angle, "frames": frames}
        yield f"{scene.folder}/{keys.split_file(split)}", text.json_file(document)


LAYOUT: Final = Layout(files=files, turntable=own_folder)
