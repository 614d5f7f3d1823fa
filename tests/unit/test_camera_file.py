"""Cameras from a file: every form that is read, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import math
import random

import numpy as np
import pytest

from worker import presets
from worker.contract import camera_file, camera_layouts
from worker.contract.recipe import Camera, Recipe
from worker.contract.schema import RecipeError
from worker.core.errors import PresetInvalid
from worker.export import requirements

SIZE = (64, 48)
POSES = [
    view.camera_to_world
    for view in camera_layouts.viewpoints(Camera(roll=(0.0, 90.0)), 3, SIZE, random.Random(3))
]
LENS = {"fl_x": 80.0, "fl_y": 70.0, "cx": 30.0, "cy": 26.5, "w": 64, "h": 48}
K = [[80.0, 0.0, 30.0], [0.0, 70.0, 26.5], [0.0, 0.0, 1.0]]
PINHOLE = [[80.0, 0.0, 32.0], [0.0, 80.0, 24.0], [0.0, 0.0, 1.0]]


def frames(**every):
    return [{"file_path": "x", "transform_matrix": pose.tolist(), **every} for pose in POSES]


def cameras_json(k, **more):
    view = {"K": k, "width": 64, "height": 48, "projection": "perspective", **more}
    return {"views": [{"camera_to_world": pose.tolist(), **view} for pose in POSES]}


def written(tmp_path, document, name="cameras.json"):
    path = tmp_path / name
    if name.endswith(".npy"):
        np.save(path, document)
    else:
        path.write_text(json.dumps(document))
    return str(path)


def shots(path, views=3, resolution=SIZE, **keys):
    camera = Camera(layout="file", file=path, **keys)
    return camera_layouts.viewpoints(camera, views, resolution, random.Random(1))


@pytest.mark.parametrize(
    ("name", "document", "k"),
    [
        ("a.npy", np.array(POSES), None),
        ("a.npy", np.array(POSES)[:, :3].astype(np.float32), None),
        ("a.json", [pose.tolist() for pose in POSES], None),
        ("a.json", [pose[:3].tolist() for pose in POSES], None),
        ("a.json", {"frames": frames()}, None),
        ("a.json", {"frames": frames(), **LENS}, K),
        ("a.json", {"frames": frames(**LENS), "fl_x": 1.0}, K),
        ("a.json", {"frames": frames(K=K)}, K),
        ("a.json", {"frames": frames(), "fl_x": 80.0, "w": 64, "h": 48}, PINHOLE),
        ("a.json", {"frames": frames(), "camera_angle_x": 2 * math.atan(0.4)}, PINHOLE),
        ("a.json", {"frames": frames(camera_angle_x=2 * math.atan(0.4)), "fl_x": 1.0}, PINHOLE),
        ("a.json", cameras_json(K), K),
    ],
)
def test_every_form_is_read(tmp_path, name, document, k):
    wanted = k or camera_layouts.intrinsics(40.0, *SIZE)
    found = shots(written(tmp_path, document, name), fov=(40.0, 40.0))
    for view, pose in zip(found, POSES, strict=True):
        assert np.allclose(view.camera_to_world, pose, atol=1e-6)
        assert np.allclose(view.intrinsics, wanted, rtol=1e-12)


def test_double_precision_is_kept_and_the_poses_repeat(tmp_path):
    found = shots(written(tmp_path, cameras_json(K)), views=5)
    for view, pose in zip(found, [*POSES, *POSES[:2]], strict=True):
        assert np.array_equal(view.camera_to_world, pose)
        assert view.intrinsics.tolist() == K


def test_k_is_scaled_with_the_image(tmp_path):
    path = written(tmp_path, cameras_json(K))
    (view,) = shots(path, 1, (128, 96))
    assert np.allclose(view.intrinsics[:2], 2 * np.array(K)[:2])
    with pytest.raises(RecipeError, match=r"'resolution' is 64x64, .* are 64x48"):
        shots(path, 1, (64, 64))


def test_few_digits_are_made_rigid(tmp_path):
    rounded = [np.round(pose, 4).tolist() for pose in POSES]
    for view, pose in zip(shots(written(tmp_path, rounded)), POSES, strict=True):
        turn = view.camera_to_world[:3, :3]
        assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-12)
        assert np.allclose(view.camera_to_world, pose, atol=3e-4)


def stereo_of(path):
    return shots(path, views=6, baseline=0.2)


def test_poses_of_a_file_may_be_the_middles_of_pairs(tmp_path):
    found = stereo_of(written(tmp_path, {"frames": frames(**LENS)}))
    for left, right, pose in zip(found[::2], found[1::2], POSES, strict=True):
        assert np.allclose(left.camera_to_world[:3, 3], pose[:3, 3] - 0.1 * pose[:3, 0])
        assert np.allclose(right.camera_to_world[:3, 3], pose[:3, 3] + 0.1 * pose[:3, 0])


FLIPPED = [(pose @ np.diag([1, 1, -1, 1])).tolist() for pose in POSES]
WRONG = {
    "not JSON": ("{", "Expecting"),
    "no list": ({"a": 1}, "neither a list of matrices nor"),
    "empty": ([], "0 cameras"),
    "shape": ([[1, 2], [3, 4]], "matrix 0 is not 4x4"),
    "ragged": ([[[1, 2], [3]]], "cameras.json"),
    "null": ([[[None] * 4] * 4], "matrix 0"),
    "NaN": ([[[math.nan] * 4] * 4], "matrix 0 is not 4x4"),
    "left-handed": (FLIPPED, "matrix 0 is not rigid"),
    "scaled": ([(2 * pose).tolist() for pose in POSES], "matrix 0 is not rigid"),
    "no matrix": ({"frames": [{"file_path": "x"}]}, "has no .transform_matrix"),
    "distorted": ({"frames": frames(k1=0.1, **LENS)}, r"distorted lens \(k1\)"),
    "fisheye": ({"frames": frames(), "camera_model": "OPENCV_FISHEYE"}, "camera_model OPENCV_FISH"),
    "skewed": ({"frames": frames(K=[[80, 1, 32], [0, 80, 24], [0, 0, 1]])}, "frame 0 has a K"),
    "backwards": ({"frames": frames(fl_x=-1.0, w=64, h=48)}, "frame 0 has a K"),
    "no centre": ({"frames": frames(fl_x=80.0)}, "neither cx and cy nor w and h"),
    "fov": ({"frames": frames(camera_angle_x=4.0)}, "field of view of 4 rad"),
    "flat": ({"frames": frames(**{**LENS, "fl_y": 1e-3})}, "fx / fy of 80000"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_says_what_and_where(tmp_path, name):
    document, why = WRONG[name]
    path = written(tmp_path, document)
    if isinstance(document, str):
        (tmp_path / "cameras.json").write_text(document)
    with pytest.raises(RecipeError, match=why) as raised:
        camera_file.read(path)
    assert "'camera.file'" in str(raised.value)
    with pytest.raises(PresetInvalid, match=r"\A[^\n]+\Z"):
        presets.load("objaverse-xl", ["camera.layout=file", f"camera.file={path}"])


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.zeros((4, 4)), r"shape \(4, 4\)"),
        (np.array([["a"]]), "not numbers"),
        (np.array([{}], dtype=object), "allow_pickle"),
        (np.zeros((0, 4, 4)), "0 cameras"),
    ],
)
def test_a_wrong_array_says_why(tmp_path, array, why):
    with pytest.raises(RecipeError, match=why):
        camera_file.read(written(tmp_path, array, "a.npy"))


def test_a_file_is_found_beside_its_preset_and_counts_by_its_content(tmp_path):
    text = 'extends = "objaverse-xl"\n[camera]\nlayout = "file"\nfile = "a.npy"\n'
    digests = []
    for folder, poses in (("a", POSES), ("b", POSES), ("c", POSES[:2])):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "a.npy", np.array(poses))
        preset = tmp_path / folder / "mine.toml"
        preset.write_text(text)
        recipe = presets.load(str(preset))
        assert recipe.camera.file == str(tmp_path / folder / "a.npy")
        assert recipe.views == len(poses)
        digests.append(presets.digest(recipe))
    assert digests[0] == digests[1] != digests[2]
    np.save(tmp_path / "a" / "a.npy", np.array(POSES[::-1]))
    assert presets.digest(presets.load(str(tmp_path / "a/mine.toml"))) != digests[0]
    recipe = presets.load("objaverse-xl", ["camera.layout=file", f"camera.file={tmp_path}/a/a.npy"])
    assert recipe.overrides == ('camera.file="a.npy"', 'camera.layout="file"')


OFF = {"off centre": [[80.0, 0, 30], [0, 80.0, 24], [0, 0, 1]], "wide": K, "plain": PINHOLE}
CANNOT = {
    "off centre": {"gpt4point", "transforms", "nerf-synthetic", "get3d", "instant-ngp", "trellis"},
    "plain": set(),
}
CANNOT["wide"] = CANNOT["off centre"] | {"zeronvs", "nsvf"}
RECORDS = ("npy-3x4", "nerfstudio", *CANNOT["wide"])


@pytest.mark.parametrize("lens", OFF)
@pytest.mark.parametrize("record", sorted(RECORDS))
def test_a_record_that_cannot_store_the_k_of_the_file_is_refused(tmp_path, lens, record):
    path = written(tmp_path, cameras_json(OFF[lens]))
    images = ["colour", "depth-f16"] if record == "zeronvs" else ["colour", "depth", "alpha"]
    settings = [
        "camera.layout=file", f"camera.file={path}", "resolution=[64,48]",
        f"images={json.dumps(images)}", f"records={json.dumps([record, 'cameras'])}",
    ]  # fmt: skip
    settings += ["colour.background=white"] * (record == "zeronvs")
    if record in CANNOT[lens]:
        with pytest.raises(PresetInvalid, match=rf"'records' {record} cannot store the K of"):
            presets.load("objaverse-xl", settings)
    else:
        assert record in presets.load("objaverse-xl", settings).records


def test_several_lenses_need_records_that_have_each(tmp_path):
    document = {"frames": frames()}
    for frame, focal in zip(document["frames"], (70.0, 80.0, 90.0), strict=True):
        frame.update(fl_x=focal, w=64, h=48)
    path = written(tmp_path, document)
    settings = ["camera.layout=file", f"camera.file={path}", "resolution=[64,48]"]
    for record in ("nsvf", "nerf-synthetic", "get3d", "instant-ngp"):
        with pytest.raises(PresetInvalid, match=r"'camera.file' has several"):
            presets.load("objaverse-xl", [*settings, f'records=["{record}"]'])
    with pytest.raises(PresetInvalid, match="npy-3x4 does not have"):
        presets.load("objaverse-xl", settings)
    assert presets.load("objaverse-xl", [*settings, 'records=["transforms"]']).views == 3


def test_the_size_and_projection_of_the_file_are_the_recipes(tmp_path):
    path = written(tmp_path, cameras_json(PINHOLE))
    settings = ["camera.layout=file", f"camera.file={path}", 'records=["cameras"]']
    with pytest.raises(PresetInvalid, match=r"'resolution' is 512x512, .* are 64x48"):
        presets.load("objaverse-xl", settings)
    fits = [*settings, "resolution=[640,480]"]
    assert presets.load("objaverse-xl", fits).resolution == (640, 480)
    with pytest.raises(PresetInvalid, match=r"has perspective cameras, .* make it perspective"):
        presets.load("objaverse-xl", [*fits, "camera.projection=orthographic"])


def test_exports_ask_the_zips_for_the_lenses_of_a_file():
    camera = Camera(layout="file", file="/gone.json", fov=(30.0, 60.0))
    recipe = Recipe(camera=camera, records=("cameras",))
    assert requirements.ONE_FOV.met(recipe, None)
    assert requirements.CAMERAS.met(recipe, None)
    fixed = dataclasses.replace(camera, fov=(40.0, 40.0))
    recipe = Recipe(camera=fixed, records=("npy-3x4",))
    assert not requirements.CAMERAS.met(recipe, None)
    plain = dataclasses.replace(fixed, layout="shell", file="")
    assert requirements.CAMERAS.met(dataclasses.replace(recipe, camera=plain), None)
