"""Zero-1-to-3's `ObjaverseData` (ldm/data/simple.py), step by step, over an unpacked tree."""

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image


class ObjaverseData:
    """Items of a tree: images (H, W, 3) in -1 to 1 and the relative pose T of each pair."""

    def __init__(self, root_dir: Path, total_view: int, *, validation: bool = False) -> None:
        self.root, self.total_view = Path(root_dir), total_view
        paths = json.loads((self.root / "valid_paths.json").read_text())
        first = math.floor(len(paths) / 100.0 * 99.0)
        self.paths = paths[first:] if validation else paths[:first]

    def pair(self, index: int, target: int, condition: int):
        """The item of two numbers below total_view, which the reader draws."""
        assert max(target, condition) < self.total_view
        folder = self.root / self.paths[index]
        images = [self.load(folder / f"{number:03d}.png") for number in (target, condition)]
        poses = [np.load(folder / f"{number:03d}.npy") for number in (target, condition)]
        return *images, relative(*poses)

    @staticmethod
    def load(path: Path) -> np.ndarray:
        # matplotlib's imread: 0 to 1, as stored.
        image = np.asarray(Image.open(path)).astype(np.float32) / 255
        image[image[:, :, -1] == 0.0] = [1.0, 1.0, 1.0, 1.0]
        shown = Image.fromarray(np.uint8(image[:, :, :3] * 255.0)).resize((256, 256))
        return np.asarray(shown).astype(np.float32) / 127.5 - 1


def spherical(xyz):
    """theta from +Z, azimuth, and distance: its `cartesian_to_spherical`."""
    xy = xyz[0] ** 2 + xyz[1] ** 2
    return (
        math.atan2(math.sqrt(xy), xyz[2]),
        math.atan2(xyz[1], xyz[0]),
        math.sqrt(xy + xyz[2] ** 2),
    )


def relative(target, condition):
    """Its `get_T`: of the change in theta, the sine and cosine of azimuth's, and distance's."""
    places = [spherical(-rt[:3, :3].T @ rt[:, -1]) for rt in (target, condition)]
    (theta, azimuth, z), (theta_0, azimuth_0, z_0) = places
    turn = (azimuth - azimuth_0) % (2 * math.pi)
    return np.array([theta - theta_0, math.sin(turn), math.cos(turn), z - z_0])
