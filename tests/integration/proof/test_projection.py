"""Known points fall on the pixels that show them, in every convention that the worker writes."""

import dataclasses
import io
import json

import numpy as np
import pytest

from tests.proof_helpers import normalised
from worker.contract.recipe import Splits

PLACES = np.array([[0, 0, 0], [10, 0, 0], [10, 0, 4], [3, -6, 1], [1, -2, 3]], float)
COLOURS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1]])
MARK, SIZE, FOV = 0.3, 128, 49.1343
RECORDS = (
    "cameras", "npy-3x4", "gpt4point", "transforms", "nerf-synthetic", "get3d", "nsvf",
    "nerfstudio", "instant-ngp", "zeronvs", "trellis",
)  # fmt: skip


def world():
    """The marks' centres, normalised with the corners of the outermost boxes."""
    corners = [PLACES - MARK / 2, PLACES + MARK / 2]
    every = np.concatenate([PLACES, *corners])[:, None]
    return normalised(every)[: len(PLACES), 0]


@pytest.fixture(scope="module")
def shot(studio):
    return studio.shoot("marks.glb", views=4, resolution=SIZE, samples=32)


def spots(shot):
    """By view: (5,2) pixel places of the marks' centres of gravity; NaN where cut or hidden."""
    found = []
    for view in shot.views:
        image = shot.image(f"{view.name}.png").astype(float) / 255
        rows, columns = np.mgrid[0:SIZE, 0:SIZE] + 0.5
        places = np.full((len(PLACES), 2), np.nan)
        for number, colour in enumerate(COLOURS):
            mine = (image[..., 3] > 0) & ((image[..., :3] > 0.5) == colour).all(-1)
            weight = image[..., 3] * mine
            touches = mine[[0, -1]].any() or mine[:, [0, -1]].any()
            if weight.sum() > 3 and not touches:
                centre = (columns * weight).sum(), (rows * weight).sum()
                places[number] = np.array(centre) / weight.sum()
        found.append(places)
    return np.array(found)


def homogeneous(points):
    return np.c_[points, np.ones(len(points))]


def pinhole(local, fx, fy, cx, cy):
    """OpenCV camera axes to pixels."""
    return np.stack([local[:, 0] / local[:, 2] * fx + cx, local[:, 1] / local[:, 2] * fy + cy], -1)


def to_opencv(local):
    """From OpenGL camera axes."""
    return local[:, :3] * [1, -1, -1]


def focal(angle):
    return SIZE / 2 / np.tan(angle / 2)


def by_cameras(files, number, points):
    entry = json.loads(files["cameras.json"])["views"][number]
    k = np.array(entry["K"])
    local = to_opencv(homogeneous(points) @ np.linalg.inv(entry["camera_to_world"]).T)
    seen = local @ k.T
    return seen[:, :2] / seen[:, 2:]


def by_npy(files, number, points):
    matrix = np.load(io.BytesIO(files[f"{number:03d}.npy"]))
    assert matrix.shape == (3, 4)
    f = focal(np.radians(FOV))
    return pinhole(to_opencv(homogeneous(points) @ matrix.T), f, f, SIZE / 2, SIZE / 2)


def by_shap_e(name):
    def convention(files, number, points):
        view = json.loads(files[name.format(number)])
        axes = np.array([view["x"], view["y"], view["z"]])
        local = (points - view["origin"]) @ axes.T
        f = focal(view["x_fov"]), focal(view["y_fov"])
        return pinhole(local, *f, SIZE / 2, SIZE / 2)

    return convention


def by_transforms(files, number, points, name="transforms.json"):
    document = json.loads(files[name])
    frame = document["frames"][number]
    assert frame["file_path"].removeprefix("./").removesuffix(".png") == f"{number:03d}"
    f = focal(frame.get("camera_angle_x", document.get("camera_angle_x")))
    local = to_opencv(homogeneous(points) @ np.linalg.inv(frame["transform_matrix"]).T)
    return pinhole(local, f, f, SIZE / 2, SIZE / 2)


def by_splits(files, number, points):
    name = ("train", "train", "val", "test")[number]
    first = {"train": 0, "val": 2, "test": 3}[name]
    document = json.loads(files[f"transforms_{name}.json"])
    frame = document["frames"][number - first]
    assert frame["file_path"] == f"./{number:03d}"
    f = focal(document["camera_angle_x"])
    local = to_opencv(homogeneous(points) @ np.linalg.inv(frame["transform_matrix"]).T)
    return pinhole(local, f, f, SIZE / 2, SIZE / 2)


def by_get3d_angles(files, number, points):
    """GET3D's own camera: on a circle, turned by rotation and elevation, looking at the origin."""
    turn = np.radians(np.load(io.BytesIO(files["rotation.npy"]))[number])
    lift = np.radians(np.load(io.BytesIO(files["elevation.npy"]))[number])
    frame = json.loads(files["transforms.json"])["frames"][number]
    distance = np.linalg.norm(np.array(frame["transform_matrix"])[:3, 3])
    # It starts on +Y and looks along -Y, x to the left of +X; lifted about X, turned about Z.
    back = np.array([-np.sin(turn) * np.cos(lift), np.cos(turn) * np.cos(lift), np.sin(lift)])
    right = np.array([-np.cos(turn), -np.sin(turn), 0])
    axes = np.array([right, -np.cross(back, right), -back])
    f = focal(frame["camera_angle_x"])
    return pinhole((points - distance * back) @ axes.T, f, f, SIZE / 2, SIZE / 2)


def by_nerfstudio(files, number, points):
    frame = json.loads(files["transforms.json"])["frames"][number]
    assert (frame["w"], frame["h"]) == (SIZE, SIZE)
    local = to_opencv(homogeneous(points) @ np.linalg.inv(frame["transform_matrix"]).T)
    return pinhole(local, frame["fl_x"], frame["fl_y"], frame["cx"], frame["cy"])


def by_nsvf(files, number, points):
    pose = np.loadtxt(io.BytesIO(files[f"pose/{number:03d}.txt"]))
    k = np.loadtxt(io.BytesIO(files["intrinsics.txt"]))
    assert pose.shape == k.shape == (4, 4)
    local = homogeneous(points) @ np.linalg.inv(pose).T
    seen = local @ k.T
    return seen[:, :2] / seen[:, 2:3]


def by_inverse_k(files, number, points):
    camera = json.loads(files[f"{number:03d}_metadata.json"])
    local = to_opencv(homogeneous(points) @ np.linalg.inv(camera["extrinsics"]).T)
    seen = local @ np.linalg.inv(camera["intrinsics"]).T
    return seen[:, :2] / seen[:, 2:]


CONVENTIONS = {
    "OpenGL and K": ("cameras", by_cameras),
    "3x4 world-to-camera": ("npy-3x4", by_npy),
    "Shap-E vectors, 3 digits": ("gpt4point", by_shap_e("{:03d}.json")),
    "Shap-E vectors, 5 digits": ("gpt4point", by_shap_e("{:05d}.json")),
    "transforms": ("transforms", by_transforms),
    "NeRF-synthetic": ("nerf-synthetic", by_splits),
    "GET3D": ("get3d", by_transforms),
    "GET3D's angles": ("get3d", by_get3d_angles),
    "NSVF, OpenCV": ("nsvf", by_nsvf),
    "nerfstudio": ("nerfstudio", by_nerfstudio),
    "instant-ngp": ("instant-ngp", by_transforms),
    "inverse K": ("zeronvs", by_inverse_k),
    "TRELLIS": ("trellis", by_transforms),
}


def test_every_record_has_its_convention_here():
    assert {record for record, _ in CONVENTIONS.values()} == set(RECORDS)
    from worker.pack.records import VIEW_RECORDS as WRITTEN

    assert set(WRITTEN) == set(RECORDS)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_marks_are_where_the_convention_says(shot, name, record_property):
    record, convention = CONVENTIONS[name]
    files = shot.packed(records=(record,), splits=Splits(train=2, val=1, test=1))
    seen, worst, count = spots(shot), 0.0, 0
    for number in range(len(shot.views)):
        gap = np.linalg.norm(convention(files, number, world()) - seen[number], axis=1)
        worst, count = np.nanmax([worst, *gap]), count + np.isfinite(gap).sum()
    record_property("worst gap in pixels", round(float(worst), 3))
    assert count >= 12
    assert worst < 0.5


def test_the_placement_takes_the_files_points_into_the_world(shot):
    placement = json.loads(shot.members["cameras.json"])["placement"]
    moved = PLACES * placement["scale"] + placement["offset"]
    np.testing.assert_allclose(moved, world(), atol=1e-6)
    low, high = placement["bbox"]
    np.testing.assert_allclose(np.subtract(high, low).max(), 1.0, atol=1e-6)


def test_nsvfs_box_holds_the_object(shot):
    files = shot.packed(records=("nsvf",))
    row = np.loadtxt(io.BytesIO(files["bbox.txt"]))
    assert (world() >= row[:3]).all()
    assert (world() <= row[3:6]).all()


def test_an_orthographic_camera_projects_as_its_file_says(studio):
    camera = {"projection": "orthographic", "ortho_scale": 1.5}
    shot = studio.shoot("marks.glb", views=4, resolution=SIZE, samples=32, camera=camera)
    seen, count = spots(shot), 0
    for number, entry in enumerate(json.loads(shot.members["cameras.json"])["views"]):
        assert entry["projection"] == "orthographic"
        local = to_opencv(homogeneous(world()) @ np.linalg.inv(entry["camera_to_world"]).T)
        places = np.c_[local[:, :2], np.ones(len(local))] @ np.array(entry["K"]).T
        gap = np.linalg.norm(places[:, :2] - seen[number], axis=1)
        count += np.isfinite(gap).sum()
        assert np.nanmax([0, *gap]) < 0.5
    assert count >= 12


def test_the_recipe_of_the_proof_has_the_field_of_view_used_here(shot):
    assert dataclasses.asdict(shot.recipe.camera)["fov"] == (FOV, FOV)
