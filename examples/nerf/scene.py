"""Reads one scene in the layout of NeRF's synthetic scenes, by that format's own rules.

It uses nothing of the worker's code: a field that agrees with views it has not seen then proves
their poses, intrinsics and images.
"""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Views:
    """The views of one split.

    rgba    (n,h,w,4), 0 to 1, sRGB, straight alpha
    poses   (n,4,4), camera to world; x right, y up, looking down -z
    focal   focal length in pixels, the same along x and y
    """

    rgba: Array
    poses: Array
    focal: float

    def on(self, background: float) -> Array:
        """The images (n,h,w,3) on a grey of 0 to 1."""
        alpha = self.rgba[..., 3:]
        composed: Array = self.rgba[..., :3] * alpha + background * (1 - alpha)
        return composed


def read(folder: Path, split: str) -> Views:
    """The views of "train", "val" or "test". Raises: OSError, ValueError, KeyError."""
    document = json.loads((folder / f"transforms_{split}.json").read_text("utf-8"))
    frames = document["frames"]
    images = [np.array(Image.open(folder / f"{frame['file_path']}.png")) for frame in frames]
    rgba = (np.stack(images) / 255.0).astype(np.float32)
    poses = np.array([frame["transform_matrix"] for frame in frames], np.float32)
    width = rgba.shape[2]
    return Views(rgba, poses, 0.5 * width / math.tan(0.5 * document["camera_angle_x"]))


def rays(views: Views) -> tuple[Array, Array]:
    """Origins and directions (n,h,w,3) of the rays through the pixels' centres.

    Directions advance by 1 along the camera's axis, so that the parameter of a ray is planar depth.
    """
    count, height, width = views.rgba.shape[:3]
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    x, y = (u - width / 2) / views.focal, (height / 2 - v) / views.focal
    ways = np.stack([x, y, -np.ones_like(x)], -1).astype(np.float32)
    turned: Array = np.einsum("nrc,hwc->nhwr", views.poses[:, :3, :3], ways)
    starts = np.broadcast_to(views.poses[:, None, None, :3, 3], (count, height, width, 3))
    return starts, turned


def crossing(starts: Array, ways: Array, reach: float) -> Array:
    """Depths (...,2) at which rays (...,3) enter and leave the cube of half side `reach`.

    A ray that misses it, or has it behind, leaves where it enters.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (-reach - starts) / ways, (reach - starts) / ways
    enter = np.maximum(np.fmin(one, other).max(-1), 0)
    return np.stack([enter, np.maximum(np.fmax(one, other).min(-1), enter)], -1)


def hull(views: Views, reach: float, side: int) -> Mask:
    """Which points of a lattice in that cube no view shows as empty: (side,side,side), z first.

    A point is kept if it is within its distance to the next of a pixel with any alpha, or outside
    of the image.
    """
    line = np.linspace(-reach, reach, side, dtype=np.float32)
    z, y, x = np.meshgrid(line, line, line, indexing="ij")
    points = np.stack([x, y, z], -1).reshape(-1, 3)
    kept = np.ones(len(points), bool)
    height, width = views.rgba.shape[1:3]
    for image, pose in zip(views.rgba, views.poses, strict=True):
        local = (points - pose[:3, 3]) @ pose[:3, :3]
        depth = np.maximum(-local[:, 2], 1e-6)
        column = np.floor(width / 2 + views.focal * local[:, 0] / depth).astype(int)
        row = np.floor(height / 2 - views.focal * local[:, 1] / depth).astype(int)
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        inside &= local[:, 2] < 0
        near = math.ceil(views.focal * 2 * reach / (side - 1) / float(depth.min()))
        shown = widened(image[..., 3] > 0, near)
        kept[inside] &= shown[row[inside], column[inside]]
    return kept.reshape(side, side, side)


def widened(mask: Mask, by: int) -> Mask:
    """The mask (h,w) and all within `by` pixels of it, along rows and columns."""
    for _ in range(by):
        edged = np.pad(mask, 1)
        rows = edged[:-2] | edged[1:-1] | edged[2:]
        mask = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return mask
