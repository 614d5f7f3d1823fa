"""Readers of transforms files: NeRF-synthetic's loader, TRELLIS's, GET3D's; and NSVF's poses."""

import math

import numpy as np

from tests.readers.seen import Folder, Seen, pinhole


def nerf_synthetic(archive, uid):
    """All splits, train first: file_path plus ".png", focal from camera_angle_x."""
    folder = Folder(archive, uid)
    views = []
    for split in ("train", "val", "test"):
        meta = folder.json(f"transforms_{split}.json")
        for frame in meta["frames"]:
            assert frame["file_path"].startswith("./")
            views.append(
                seen(
                    folder.image(frame["file_path"][2:] + ".png"),
                    np.array(frame["transform_matrix"], np.float32),
                    meta["camera_angle_x"],
                    {"split": split},
                )
            )
    for number, view in enumerate(views):
        view.extras["nsvf"] = nsvf(folder, number, view.image)
    return views


def nsvf(folder, number, image):
    """Projection by pose/NNN.txt (4x4 camera-to-world, OpenCV axes) and intrinsics.txt (4x4)."""
    k = numbers(folder, "intrinsics.txt")
    pose = numbers(folder, f"pose/{number:03d}.txt")
    box = numbers(folder, "bbox.txt")
    assert (k.shape, pose.shape, box.shape) == ((4, 4), (4, 4), (1, 7))
    assert (box[0, 3:6] > box[0, :3]).all()
    assert (k[0, 2], k[1, 2]) == (image.shape[1] / 2, image.shape[0] / 2)
    return pinhole(np.linalg.inv(pose), k[:3, :3])


def numbers(folder, name):
    lines = folder.read(name).decode().splitlines()
    return np.array([[float(value) for value in line.split()] for line in lines])


def trellis(archive, uid):
    """transforms.json, a field of view in each frame; the object within the aabb."""
    folder = Folder(archive, uid)
    document = folder.json("transforms.json")
    assert document["aabb"] == [[-0.5] * 3, [0.5] * 3]
    placed = {"scale": document["scale"], "offset": document["offset"]}
    return [
        seen(
            folder.image(frame["file_path"]),
            np.array(frame["transform_matrix"]),
            frame["camera_angle_x"],
            placed,
        )
        for frame in document["frames"]
    ]


def get3d(archive, uid):
    """transforms.json, and each camera's rotation and elevation in degrees."""
    folder = Folder(archive, uid)
    document = folder.json("transforms.json")
    assert np.array(document["aabb"]).shape == (2, 3)
    rotation, elevation = folder.npy("rotation.npy"), folder.npy("elevation.npy")
    views = []
    for number, frame in enumerate(document["frames"]):
        assert frame["file_path"] == f"{number:03d}.png"
        angles = {"rotation": rotation[number], "elevation": elevation[number]}
        image = folder.image(frame["file_path"])
        pose = np.array(frame["transform_matrix"])
        views.append(seen(image, pose, document["camera_angle_x"], {**angles, "pose": pose}))
    return views


def seen(image, camera_to_world, angle_x, extras):
    """RGBA 8-bit with straight alpha; camera-to-world 4x4 in OpenGL axes."""
    assert (image.dtype, image.shape[2]) == (np.uint8, 4)
    height, width = image.shape[:2]
    focal = 0.5 * width / math.tan(0.5 * angle_x)
    k = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    flipped = camera_to_world.astype(float).copy()
    flipped[:3, 1:3] *= -1
    project = pinhole(np.linalg.inv(flipped), k)
    return Seen(image=image / 255, mask=image[..., 3] > 127, project=project, extras=extras)
