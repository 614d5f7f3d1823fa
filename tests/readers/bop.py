"""BOP's data sets by the description of their format and the arithmetic of its toolkit.

Depth of a model is rendered here by rays, in place of the toolkit's OpenGL renderers.
"""

import dataclasses
import json
import struct

import numpy as np
from PIL import Image

from tests.proof_helpers import cast
from worker.contract.protocol import View

DELTA = 15.0
"""mm; tolerance of the toolkit's test of visibility."""


@dataclasses.dataclass(frozen=True)
class Image2D:
    """One image; lengths in mm."""

    k: np.ndarray
    world_to_camera: np.ndarray
    rgb: np.ndarray
    depth: np.ndarray
    """0 where there is none."""
    objects: list


@dataclasses.dataclass(frozen=True)
class Object:
    """An object in an image."""

    obj_id: int
    rotation: np.ndarray
    translation: np.ndarray
    mask: np.ndarray
    visible: np.ndarray
    info: dict


def scene(root, scene_id, split="train"):
    """The images of a scene by number."""
    folder = root / split / f"{scene_id:06d}"
    camera, truth, infos = (
        {int(key): each for key, each in json.loads((folder / name).read_bytes()).items()}
        for name in ("scene_camera.json", "scene_gt.json", "scene_gt_info.json")
    )
    assert camera.keys() == truth.keys() == infos.keys()
    found = {}
    for im_id in sorted(camera):
        about = camera[im_id]
        pose = np.eye(4)
        pose[:3, :3] = np.reshape(about["cam_R_w2c"], (3, 3))
        pose[:3, 3] = about["cam_t_w2c"]
        depth = picture(folder / f"depth/{im_id:06d}.png")
        assert depth.dtype in (np.uint16, np.int32)
        objects = [
            Object(
                each["obj_id"], np.reshape(each["cam_R_m2c"], (3, 3)), np.array(each["cam_t_m2c"]),
                mask(folder / f"mask/{im_id:06d}_{gt_id:06d}.png"),
                mask(folder / f"mask_visib/{im_id:06d}_{gt_id:06d}.png"), infos[im_id][gt_id],
            )
            for gt_id, each in enumerate(truth[im_id])
        ]  # fmt: skip
        assert len(infos[im_id]) == len(objects)
        found[im_id] = Image2D(
            np.reshape(about["cam_K"], (3, 3)), pose, picture(folder / f"rgb/{im_id:06d}.png"),
            depth * about["depth_scale"], objects,
        )  # fmt: skip
    return found


def picture(path):
    return np.asarray(Image.open(path))


def mask(path):
    pixels = picture(path)
    assert set(np.unique(pixels)) <= {0, 255}
    return pixels > 0


def model(root, obj_id):
    """The triangles (T,3,3) of a model; only what inout.load_ply takes of a binary PLY."""
    data = (root / f"models/obj_{obj_id:06d}.ply").read_bytes()
    head, _, body = data.partition(b"end_header\n")
    lines = [line.split() for line in head.decode().splitlines() if not line.startswith("comment")]
    (_, _, points), (_, _, faces) = (line for line in lines if line[0] == "element")
    assert lines[1] == ["format", "binary_little_endian", "1.0"]
    properties = [line[1:] for line in lines if line[0] == "property"]
    assert properties == [["float", axis] for axis in "xyz"] + [
        ["list", "uchar", "int", "vertex_indices"]
    ]
    numbers = struct.iter_unpack("<3f", body[: 12 * int(points)])
    corners = [*struct.iter_unpack("<B3i", body[12 * int(points) :])]
    assert len(corners) == int(faces)
    assert {corner[0] for corner in corners} == {3}
    return np.array([*numbers])[[corner[1:] for corner in corners]]


def project(points, k, rotation, translation):
    """misc.project_pts: (N,2) pixels, of which the first one's centre is (0, 0)."""
    local = (points @ rotation.T + translation) @ k.T
    return local[:, :2] / local[:, 2:]


def render(triangles, k, rotation, translation, size, times=1):
    """Depth (H,W) of a model, 0 beside it; on a larger canvas the image is in the middle."""
    width, height = size
    shift = times // 2
    camera = np.array(k, float)
    camera[0, 2] += 0.5 + shift * width  # `cast` has the first pixel's centre at +0.5
    camera[1, 2] += 0.5 + shift * height
    view = View("", np.diag([1.0, -1, -1, 1]).tolist(), camera.tolist(), times * width,
                times * height, "perspective", {})  # fmt: skip
    depth, _ = cast(triangles @ rotation.T + translation, view, 1)
    return np.where(np.isfinite(depth), depth, 0)


def distance(depth, k):
    """misc.depth_im_to_dist_im: distance from the camera's centre, 0 where there is no depth."""
    xs, ys = np.meshgrid(np.arange(depth.shape[1]), np.arange(depth.shape[0]))
    x = (xs - k[0, 2]) * depth / k[0, 0]
    y = (ys - k[1, 2]) * depth / k[1, 1]
    return np.sqrt(x * x + y * y + depth * depth)


def visible(dist_image, dist_model):
    """visibility.estimate_visib_mask_gt of "bop19": also where the image has no depth."""
    near = (dist_model - dist_image <= DELTA) & (dist_model > 0) & (dist_image > 0)
    return near | ((dist_image == 0) & (dist_model > 0))


def box(pixels, left=0, top=0):
    """misc.calc_2d_bbox."""
    ys, xs = pixels.nonzero()
    return [xs.min() - left, ys.min() - top, np.ptp(xs), np.ptp(ys)]
