"""TRELLIS's dataset_toolkits and data sets, step by step, over a tree of theirs.

Of voxelize.py the reading and the clipping, of extract_feature.py the cameras, of components.py the
picture that is conditioned on; the networks are left out.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import trimesh
from PIL import Image

GRID = 64


def instances(root: Path, *, conditioned: bool = False) -> list[str]:
    """What voxelize.py goes through, or what an image-conditioned data set has."""
    metadata = pd.read_csv(root / "metadata.csv")
    if conditioned:
        return list(metadata[metadata["cond_rendered"]]["sha256"].values)
    metadata = metadata[metadata["rendered"] == True]  # noqa: E712 - as it says
    for each in metadata.to_dict("records"):  # as its loop over instances
        assert (root / each["local_path"]).is_file()
    return list(metadata["sha256"].values)


def built(root: Path) -> pd.DataFrame:
    """build_metadata.py's columns, from records of processings, and its count of captions."""
    metadata = pd.read_csv(root / "metadata.csv").set_index("sha256")
    for name in ("rendered", "voxelized", "cond_rendered"):
        if name not in metadata.columns:
            metadata[name] = [False] * len(metadata)
    assert metadata["captions"].count() == 0
    return metadata


def voxels(root: Path, sha256: str) -> np.ndarray:
    """Centres (N,3) of the voxels that the surface meets."""
    mesh = trimesh.load(root / "renders" / sha256 / "mesh.ply", process=False)
    mesh.vertices = np.clip(mesh.vertices, -0.5 + 1e-6, 0.5 - 1e-6)
    points, _ = trimesh.sample.sample_surface(mesh, 200_000, seed=0)
    index = np.unique(np.floor((points + 0.5) * GRID).astype(int), axis=0)
    assert (index >= 0).all()
    assert (index < GRID).all()
    return (index + 0.5) / GRID - 0.5


def views(root: Path, sha256: str, folder: str = "renders"):
    """Each frame's picture as it is and its extrinsics and intrinsics, of frames in order."""
    about = json.loads((root / folder / sha256 / "transforms.json").read_text())
    for frame in about["frames"]:
        image = np.asarray(Image.open(root / folder / sha256 / frame["file_path"]))
        c2w = np.array(frame["transform_matrix"])
        c2w[:3, 1:3] *= -1
        fov = frame["camera_angle_x"]
        focal = 0.5 / np.tan(fov / 2)  # utils3d's intrinsics_from_fov_xy, of the same angle twice
        k = np.array([[focal, 0, 0.5], [0, focal, 0.5], [0, 0, 1]])
        yield image, np.linalg.inv(c2w), k


def project(points: np.ndarray, extrinsics: np.ndarray, k: np.ndarray) -> np.ndarray:
    """utils3d's project_cv: (N,2), 0 to 1 from the upper left corner."""
    local = np.c_[points, np.ones(len(points))] @ extrinsics.T
    seen = local[:, :3] @ k.T
    return seen[:, :2] / seen[:, 2:]


def conditioned(root: Path, sha256: str, view: int, size: int = 518):
    """The box (left, top, right, bottom) of the object in a view, and the picture cut out of it."""
    folder = root / "renders_cond" / sha256
    frame = json.loads((folder / "transforms.json").read_text())["frames"][view]
    image = Image.open(folder / frame["file_path"])
    alpha = np.array(image.getchannel(3))
    rows, columns = alpha.nonzero()
    box = [columns.min(), rows.min(), columns.max(), rows.max()]
    centre = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
    half = max(box[2] - box[0], box[3] - box[1]) / 2 * 1.2
    cut = image.crop([int(centre[0] - half), int(centre[1] - half),
                      int(centre[0] + half), int(centre[1] + half)])  # fmt: skip
    cut = cut.resize((size, size), Image.Resampling.LANCZOS)
    alpha = np.array(cut.getchannel(3)).astype(np.float32) / 255
    return box, np.array(cut.convert("RGB")).astype(np.float32) / 255 * alpha[..., None]
