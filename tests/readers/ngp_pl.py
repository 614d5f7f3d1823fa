"""ngp_pl's reader of NeRF-synthetic scenes (datasets/nerf.py), step by step."""

import json
import math

import numpy as np
from PIL import Image

SIDE = 800
"""The size that it takes for every image's; it resizes those of others."""
RADIUS = 1.5


def read(scene, split):
    """K (3x3), and of each frame the RGBA image and the 3x4 camera-to-world, OpenCV axes."""
    angle = json.loads((scene / "transforms_train.json").read_text())["camera_angle_x"]
    focal = 0.5 * SIDE / math.tan(0.5 * angle)
    k = np.array([[focal, 0, SIDE / 2], [0, focal, SIDE / 2], [0, 0, 1]])
    frames = []
    for frame in json.loads((scene / f"transforms_{split}.json").read_text())["frames"]:
        pose = np.array(frame["transform_matrix"])[:3, :4]
        pose[:, 1:3] *= -1
        pose[:, 3] /= np.linalg.norm(pose[:, 3]) / RADIUS
        image = Image.open(scene / f"{frame['file_path']}.png").resize((SIDE, SIDE), 2)
        frames.append((np.asarray(image), pose))
    return k, frames
