"""Objaverse-XL's renders: NNN.png with NNN.npy, and metadata.json. Lens 35 mm, sensor 32 mm."""

import math

import numpy as np

from tests.readers.seen import Folder, Seen, pinhole

KEYS = {
    "animation_count", "armature_count", "edge_count", "file_identifier", "file_size",
    "lamp_count", "linked_files", "material_count", "mesh_count", "metadata",
    "missing_textures", "object_count", "poly_count", "random_color", "save_uid",
    "scene_size", "sha256", "shape_key_count", "vert_count",
}  # fmt: skip
TO_OPENCV = np.diag([1.0, -1.0, -1.0])


def read(archive, uid):
    folder = Folder(archive, uid)
    document = folder.json("metadata.json")
    assert document.keys() >= KEYS
    assert list(document) == sorted(document)
    assert document["save_uid"] == uid
    count = sum(name.endswith(".npy") for name in folder.names())
    return [view(folder, i) for i in range(count)]


def view(folder, number):
    image = folder.image(f"{number:03d}.png")
    assert (image.dtype, image.shape[2]) == (np.uint8, 4)
    matrix = folder.npy(f"{number:03d}.npy")
    assert (matrix.shape, matrix.dtype) == ((3, 4), np.float64)
    height, width = image.shape[:2]
    focal = width * 35 / 32
    k = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    place = -matrix[:, :3].T @ matrix[:, 3]
    return Seen(
        image=image / 255,
        mask=image[..., 3] > 127,
        project=pinhole(TO_OPENCV @ matrix, k),
        extras={"distance": math.hypot(*place)},
    )
