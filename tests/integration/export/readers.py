"""Readers of the NeRF layouts, independent of the writers; each gives `Seen` views by split."""

import json
import math

import numpy as np
from PIL import Image

from tests.readers.nerf import seen
from tests.readers.seen import Seen, pinhole


def image(path):
    return np.asarray(Image.open(path))


def blender(folder):
    found = {}
    for split in ("train", "val", "test"):
        meta = json.loads((folder / f"transforms_{split}.json").read_text())
        found[split] = [
            seen(
                image(folder / (frame["file_path"] + ".png")),
                np.array(frame["transform_matrix"], np.float32),
                meta["camera_angle_x"],
                {"meta": meta, "frame": frame},
            )
            for frame in meta["frames"]
        ]
    return found


def shapenet_tutorial(folder):
    """Each split is a folder of its own, with images beside its JSON; the angle is train's."""
    metas = {
        split: json.loads((folder / split / "transforms.json").read_text())
        for split in ("train", "val", "test")
    }
    angle = metas["train"]["camera_angle_x"]
    found = {}
    for split, meta in metas.items():
        assert all(frame["file_path"].endswith(".png") for frame in meta["frames"])
        found[split] = [
            seen(image(folder / split / frame["file_path"]), np.array(frame["transform_matrix"]),
                 angle, {})
            for frame in meta["frames"]
        ]  # fmt: skip
    return found


def instant_ngp(folder):
    found = blender(folder)
    for views in found.values():
        for view in views:
            meta, frame = view.extras["meta"], view.extras["frame"]
            assert (meta["aabb_scale"], meta["scale"], meta["offset"]) == (1, 1.0, [0.5] * 3)
            stored = image(folder / frame["depth_path"]).astype(float)
            z = np.where(stored > 0, stored * meta["integer_depth_scale"], np.inf)
            object.__setattr__(view, "depth", z)
    return found


def nsvf(folder):
    k = np.loadtxt(folder / "intrinsics.txt")
    box = np.loadtxt(folder / "bbox.txt")
    assert (k.shape, box.shape) == ((4, 4), (7,))
    found = {}
    for number, split in enumerate(("train", "val", "test")):
        found[split] = []
        for path in sorted((folder / "rgb").glob(f"{number}_*.png")):
            pose = np.loadtxt(folder / "pose" / f"{path.stem}.txt")
            rgba = image(path)
            project = pinhole(np.linalg.inv(pose), k[:3, :3])
            found[split].append(
                Seen(image=rgba / 255, mask=rgba[..., 3] > 127, project=project,
                     extras={"box": box})
            )  # fmt: skip
    return found


def nerfstudio(folder):
    meta = json.loads((folder / "transforms.json").read_text())
    of_path = {}
    for frame in meta["frames"]:
        rgba = image(folder / frame["file_path"])
        assert rgba.shape[:2] == (frame["h"], frame["w"])
        k = np.array([[frame["fl_x"], 0, frame["cx"]], [0, frame["fl_y"], frame["cy"]], [0, 0, 1]])
        opencv = np.array(frame["transform_matrix"]) @ np.diag([1, -1, -1, 1])
        millimetres = image(folder / frame["depth_file_path"]).astype(float)
        of_path[frame["file_path"]] = Seen(
            image=rgba / 255,
            mask=image(folder / frame["mask_path"]) == 255,
            project=pinhole(np.linalg.inv(opencv), k),
            depth=np.where(millimetres > 0, millimetres / 1000, np.inf),
            extras={"ply": folder / meta["ply_file_path"]},
        )
    return {
        split: [of_path[path] for path in meta[f"{split}_filenames"]]
        for split in ("train", "val", "test")
    }


def get3d(root, synset, model):
    where = root / "img" / synset / model
    meta = json.loads((where / "transforms.json").read_text())
    camera = root / "camera" / synset / model
    rotation, elevation = np.load(camera / "rotation.npy"), np.load(camera / "elevation.npy")
    views = []
    for number, frame in enumerate(meta["frames"]):
        # GET3D's own camera: on the +Y axis, lifted by the elevation, turned by the rotation.
        up, turn = math.radians(elevation[number]), math.radians(rotation[number])
        way = [-math.sin(turn) * math.cos(up), math.cos(turn) * math.cos(up), math.sin(up)]
        pose = np.array(frame["transform_matrix"])
        place = pose[:3, 3]
        assert np.allclose(place / np.linalg.norm(place), way, atol=1e-6)
        views.append(seen(image(where / frame["file_path"]), pose, meta["camera_angle_x"], {}))
    return {"train": views, "val": [], "test": []}
