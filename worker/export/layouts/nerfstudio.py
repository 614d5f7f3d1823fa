"""Layout of nerfstudio (its data conventions): one transforms.json with K of each frame.

    <uid>/transforms.json          frames with fl_x fl_y cx cy w h, OpenGL camera-to-world,
                                   mask_path, depth_file_path; train_filenames and so on;
                                   ply_file_path
    <uid>/images/frame_<nnnnn>.png RGBA
    <uid>/masks/frame_<nnnnn>.png  8-bit, 255 is the object; if the zip has a mask or depth
    <uid>/depths/frame_<nnnnn>.png 16-bit planar Z in thousandths of a world unit, 0 where nothing
                                   is visible; if the zip has depth
    <uid>/points.ply               initial points on the surface; if the zip has depth

nerfstudio excludes pixels whose mask is 0 from training; the images' alpha marks the same pixels.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from worker.codecs import json_file, png
from worker.codecs.nerf_frames import frame, pinhole
from worker.core import keys
from worker.core.errors import Empty
from worker.export import images
from worker.export.clouds import ply, points
from worker.export.layouts.base import Files, NerfLayout, Scene, colour_file, own_folder

MILLI: Final = 1000.0
POINTS: Final = 50_000
PLY: Final = "points.ply"


def files(scene: Scene) -> Files:
    """The images, masks, depths, points and transforms.json."""
    zipped = scene.zip
    with_depth = images.has(zipped, *images.DEPTH_KINDS)
    with_mask = with_depth or images.has(zipped, "mask")
    split_of = {view.name: split for split, views in scene.splits.items() for view in views}
    names: dict[str, list[str]] = {split: [] for split in scene.splits}
    frames: list[dict[str, Any]] = []
    for view in zipped.views:
        if view.name not in split_of:
            continue
        name = f"frame_{len(frames) + 1:05d}.png"
        more: dict[str, Any] = dict(pinhole(view.K, *view.size))
        yield f"{scene.folder}/images/{name}", colour_file(zipped, view)
        if with_mask:
            more["mask_path"] = f"masks/{name}"
            seen = images.mask(zipped, view).astype(np.uint8) * np.uint8(255)
            yield f"{scene.folder}/masks/{name}", png.encode(seen)
        if with_depth:
            more["depth_file_path"] = f"depths/{name}"
            value = np.rint(images.depth(zipped, view).astype(np.float64) * MILLI)
            stored = np.where(value <= images.TOP, value, 0).astype(np.uint16)
            yield f"{scene.folder}/depths/{name}", png.encode(stored)
        frames.append(frame(view.camera_to_world, f"images/{name}", **more))
        names[split_of[view.name]].append(f"images/{name}")
    document: dict[str, Any] = {"camera_model": "OPENCV", "frames": frames}
    document |= {f"{split}_filenames": paths for split, paths in names.items()}
    if with_depth and (cloud := _points(scene)) is not None:
        document["ply_file_path"] = PLY
        yield f"{scene.folder}/{PLY}", cloud
    yield f"{scene.folder}/{keys.TRANSFORMS}", json_file.json_file(document)


def _points(scene: Scene) -> bytes | None:
    """The initial points as PLY; None for an object without a visible opaque surface."""
    try:
        found = points.chosen(scene.zip, "exact", POINTS)
    except Empty:
        return None
    return ply.binary_file(found.xyz, found.rgba[:, :3], found.normals)


LAYOUT: Final = NerfLayout(files=files, turntable=own_folder)
