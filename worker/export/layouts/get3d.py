"""Layout of GET3D (nv-tlabs/GET3D): ShapeNet renders by synset and model.

    img/<synset>/<model>/<nnn>.png         RGBA
    img/<synset>/<model>/transforms.json   camera_angle_x, aabb, frames with file_path
    camera/<synset>/<model>/rotation.npy   degrees, 0 to 360, one per view; float64
    camera/<synset>/<model>/elevation.npy  degrees above the horizon, one per view; float64
    turntable/<synset>/<model>.gif         in its own tree, since GET3D's reader takes every file in
                                           img for a view, even transforms.json

Objects without synset and model in their metadata use category and uid. GET3D splits by model, not
by view, so all views are written.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from worker.codecs import image_formats, json_file
from worker.codecs.nerf_frames import frame
from worker.core import keys
from worker.core.errors import Unsupported
from worker.export.layouts.base import (
    Files,
    NerfLayout,
    Scene,
    angle_x,
    colour_file,
    reach,
)
from worker.pack.records.transforms import turn_and_height

SAFE: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")
"""Names allowed for folders; file systems limit a name to 255 bytes."""


def place(scene: Scene) -> str:
    """The path `<synset>/<model>`. Raises: Unsupported, if they cannot be folder names."""
    about = scene.zip.metadata.metadata
    found = about if isinstance(about, dict) else {}
    names = (
        str(found.get("synset", scene.category)),
        str(found.get("model", scene.zip.uid)),
    )
    for name in names:
        if not SAFE.fullmatch(name):
            raise Unsupported(f"{name!r}, from the object's metadata, cannot be a folder name")
    return "/".join(names)


def files(scene: Scene) -> Files:
    """The images, transforms.json, and the rotation and elevation arrays."""
    where, views = place(scene), list(scene.zip.views)
    angle = angle_x(scene.zip, views)
    frames = []
    for number, view in enumerate(views):
        name = keys.image_file(keys.view_name(number))
        yield f"img/{where}/{name}", colour_file(scene.zip, view)
        frames.append(frame(view.camera_to_world, name, camera_angle_x=angle))
    half = reach(scene.zip)
    aabb = [[-half] * 3, [half] * 3]
    document = {"camera_angle_x": angle, "aabb": aabb, "frames": frames}
    yield f"img/{where}/{keys.TRANSFORMS}", json_file.json_file(document)
    rotation, elevation = np.array([turn_and_height(view.as_view) for view in views]).T
    yield f"camera/{where}/{keys.ROTATION}", image_formats.NPY.encode(rotation)
    yield f"camera/{where}/{keys.ELEVATION}", image_formats.NPY.encode(elevation)


LAYOUT: Final = NerfLayout(files=files, turntable=lambda scene: f"turntable/{place(scene)}.gif")
