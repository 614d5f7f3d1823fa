"""Cameras of one's own against geometry: K and matrices of a file, lists, targets, rolls, pairs."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest

from tests.integration.proof.test_projection import by_cameras, spots, world
from tests.integration.proof.test_shapes import expected
from tests.proof_helpers import box, project
from worker.contract import camera_layouts
from worker.contract.recipe import Camera

SIZE = 128
TALL = (96, 128)
KS = {
    "centred": [[150.0, 0, 64], [0, 150.0, 64], [0, 0, 1]],
    "off centre": [[150.0, 0, 45.5], [0, 150.0, 80.25], [0, 0, 1]],
    "wide pixels": [[110.0, 0, 64], [0, 170.0, 64], [0, 0, 1]],
    "both": [[170.0, 0, 80.5], [0, 110.0, 50.0], [0, 0, 1]],
}
LENSES = [(name, projection) for name in KS for projection in ("perspective", "orthographic")]


def poses(views=3, roll=(10.0, 80.0), radius=2.2):
    camera = Camera(layout="sphere", radius=(radius, radius), roll=roll)
    seen = camera_layouts.viewpoints(camera, views, (SIZE, SIZE), random.Random(11))
    return [view.camera_to_world for view in seen]


def cameras_json(path, k, projection, size, found):
    view = {"K": k, "width": size[0], "height": size[1], "projection": projection}
    path.write_text(
        json.dumps({"views": [{"camera_to_world": pose.tolist(), **view} for pose in found]})
    )
    return str(path)


@pytest.mark.parametrize(("name", "projection"), LENSES)
def test_a_cube_is_where_matrices_and_k_of_the_file_say(
    studio, tmp_path, name, projection, record_property
):
    k = np.array(KS[name], float) * [[TALL[0] / SIZE], [TALL[1] / SIZE], [1]]
    if projection == "orthographic":
        k[0, 0], k[1, 1] = k[0, 0] / 2.2, k[1, 1] / 2.2
    found = poses()
    file = cameras_json(tmp_path / f"{name}.json", k.tolist(), projection, TALL, found)
    camera = {"layout": "file", "file": file, "projection": projection}
    shot = studio.shoot(
        "cube.glb", views=3, samples=32, resolution=list(TALL), images=["colour", "depth-npy"],
        camera=camera,
    )  # fmt: skip
    worst = {"coverage": 0.0, "depth": 0.0, "corner": 0.0}
    for view, pose in zip(shot.views, found, strict=True):
        assert np.array_equal(view.camera_to_world, pose)
        assert np.array_equal(view.intrinsics, k)
        coverage, depth, _, _ = expected("cube", view)
        alpha = shot.image(f"{view.name}.png")[..., 3] / 255
        assert 0.02 < coverage.mean() < 0.9
        # An edge may cross a filter's width of pixels: blurred, but none is off by half a pixel.
        worst["coverage"] = max(worst["coverage"], abs(alpha.sum() - coverage.sum()))
        edge = np.abs(alpha - coverage)
        assert edge[(coverage == 0) | (coverage == 1)].max() < 0.6
        inside = coverage == 1
        error = np.abs(shot.image(f"{view.name}_depth.npy")[inside] - depth[inside]).max()
        worst["depth"] = max(worst["depth"], error)
        corners = project(np.unique(box().reshape(-1, 3), axis=0), view)[:, :2]
        rows, columns = np.nonzero(alpha > 0.5)
        for axis, ends in ((0, columns), (1, rows)):
            low, high = corners[:, axis].min(), corners[:, axis].max()
            if low > 2 and high < TALL[axis] - 2:
                gap = max(abs(ends.min() - low), abs(ends.max() + 1 - high))
                worst["corner"] = max(worst["corner"], gap)
    record_property("worst", {key: float(value) for key, value in worst.items()})
    assert worst["depth"] < 1e-3
    assert worst["coverage"] < 0.005 * TALL[0] * TALL[1]
    assert worst["corner"] < 2.5  # a corner's tip covers little of its pixel


@pytest.mark.parametrize("name", KS)
def test_marks_are_where_the_files_k_says(studio, tmp_path, name, record_property):
    file = cameras_json(tmp_path / "c.json", KS[name], "perspective", (SIZE, SIZE), poses(4))
    camera = {"layout": "file", "file": file}
    _marks(studio, camera, 4, record_property)


def _marks(studio, camera, views, record_property):
    shot = studio.shoot("marks.glb", views=views, resolution=SIZE, samples=32, camera=camera)
    seen, worst, count = spots(shot), 0.0, 0
    for number in range(views):
        gap = np.linalg.norm(by_cameras(shot.members, number, world()) - seen[number], axis=1)
        worst, count = np.nanmax([worst, *gap]), count + np.isfinite(gap).sum()
    record_property("worst gap in pixels", round(float(worst), 3))
    assert count >= 2 * views
    assert worst < 0.5
    return shot


LIST = {
    "layout": "list",
    "azimuths": [10.0, 100.0, 200.0, 300.0],
    "elevations": [20.0, -30.0, 55.0, 0.0],
    "target": [0.1, -0.05, 0.1],
    "roll": [15.0, 60.0],
    "distance": "fit-all",
}


def test_marks_of_a_list_with_target_and_roll(studio, record_property):
    _marks(studio, LIST, 4, record_property)


def test_a_pair_shows_the_disparity_of_its_baseline(studio, record_property):
    shot = _marks(studio, {**LIST, "baseline": 0.2}, 8, record_property)
    document = json.loads(shot.members["cameras.json"])
    assert document["stereo"] == {
        "baseline": 0.2,
        "pairs": [["000", "001"], ["002", "003"], ["004", "005"], ["006", "007"]],
    }
    found = dict(zip([view.name for view in shot.views], spots(shot), strict=True))
    several = 0
    for left, right in document["stereo"]["pairs"]:
        view = next(view for view in document["views"] if view["name"] == left)
        pose = np.array(view["camera_to_world"])
        depth = -((world() - pose[:3, 3]) @ pose[:3, 2])
        shift = found[left] - found[right]
        gap = np.abs(shift - np.stack([view["K"][0][0] * 0.2 / depth, 0 * depth], axis=1))
        several += np.isfinite(gap[:, 0]).sum()
        assert np.nanmax(gap) < 0.7
    assert several >= 8


def test_a_pair_sees_one_moment_of_an_animation(studio):
    camera = {"baseline": 0.3}
    shot = studio.shoot("moving.blend", views=6, camera=camera, subject={"pose": "spread"})
    times = [view.frame for view in shot.views]
    assert times[::2] == times[1::2]
    assert len(set(times)) == 3


def test_the_cameras_of_a_zip_make_the_same_zip(studio, tmp_path):
    camera = {"distance": "fit", "margin": [0.05, 0.3], "fov": [30.0, 60.0]}
    first = studio.shoot("crate.obj", views=3, camera=camera)
    file = tmp_path / "cameras.json"
    file.write_bytes(first.members["cameras.json"])
    again = studio.shoot("crate.obj", views=3, camera={"layout": "file", "file": str(file)})
    names = set(first.members) - {"metadata.json"}
    assert names == set(again.members) - {"metadata.json"}
    assert {name: again.members[name] for name in names} == {
        name: first.members[name] for name in names
    }


def test_a_transforms_json_makes_the_same_images(studio, tmp_path):
    first = studio.shoot("crate.obj", views=3)
    file = tmp_path / "transforms.json"
    file.write_bytes(first.packed(records=("transforms",))["transforms.json"])
    again = studio.shoot("crate.obj", views=3, camera={"layout": "file", "file": str(file)})
    for one, other in zip(first.views, again.views, strict=True):
        assert np.allclose(one.intrinsics, other.intrinsics, rtol=1e-12)
        assert first.members[f"{one.name}.png"] == again.members[f"{one.name}.png"]


def test_six_sides_are_at_right_angles(studio):
    camera = {
        "layout": "list", "projection": "orthographic", "distance": "fit-all",
        "azimuths": [-90, 90, 0, 180, 0, 0], "elevations": [0, 0, 0, 0, 90, -90],
    }  # fmt: skip
    shot = studio.shoot("marks.glb", views=6, resolution=SIZE, samples=32, camera=camera)
    backs = np.array(shot.views[0].camera_to_world)[:3, 2]
    assert np.allclose(backs, [0, -1, 0], atol=1e-12)
    axes = [np.array(view.camera_to_world)[:3, 2] for view in shot.views]
    assert np.allclose(sorted(map(tuple, np.round(axes, 9))), sorted(
        (s * (i == 0), s * (i == 1), s * (i == 2)) for i in range(3) for s in (-1, 1)
    ))  # fmt: skip
    assert len({view.intrinsics[0][0] for view in shot.views}) == 1
    assert math.isclose(np.ptp([np.linalg.norm(v.camera_to_world, axis=0)[3]
                                for v in shot.views]), 0.0, abs_tol=1e-12)  # fmt: skip
