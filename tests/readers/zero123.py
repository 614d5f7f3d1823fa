"""Zero-1-to-3's loader: white where alpha is 0, and the camera as angles of its place."""

import math

import numpy as np

from tests.readers import objaverse_xl
from tests.readers.seen import Folder


def read(archive, uid):
    views = objaverse_xl.read(archive, uid)
    for number, view in enumerate(views):
        view.image[view.image[..., 3] == 0] = 1.0
        view.extras.update(angles(Folder(archive, uid).npy(f"{number:03d}.npy")))
    return views


def angles(matrix):
    """theta from +Z, azimuth from +X towards +Y, and the distance, as its get_T has them."""
    x, y, z = -matrix[:, :3].T @ matrix[:, 3]
    return {
        "theta": math.atan2(math.hypot(x, y), z),
        "azimuth": math.atan2(y, x),
        "distance": float(np.linalg.norm([x, y, z])),
    }
