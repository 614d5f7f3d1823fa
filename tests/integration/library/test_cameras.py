"""Cameras of every record, and the points that depth puts in the world."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import trimesh

from render_worker import MissingData, open_output
from tests.command_line import run_worker
from tests.integration.export import scenes
from tests.integration.library import files
from tests.proof_helpers import normalised, share_near
from worker.contract.recipe import Camera, Splits

RECORDS = {
    # record: settings that it needs
    "get3d": {},
    "gpt4point": {},
    "instant-ngp": {},
    "nerf-synthetic": {"splits": Splits(train=5, val=1, test=2)},
    "nerfstudio": {},
    "npy-3x4": {},
    "nsvf": {},
    "transforms": {},
    "trellis": {},
    "zeronvs": {},
}
NEAR = 2e-3


def recipe(*records, **more):
    made = scenes.recipe(images=("colour", "depth-npy"), camera=Camera(fov=(50.0, 50.0)), **more)
    return dataclasses.replace(made, records=records)


def test_the_axes(made):
    for view in open_output(made)[1].views:
        pose = view.c2w_opengl
        forward, up = -pose[:3, 2], pose[:3, 1]
        np.testing.assert_allclose(forward, -pose[:3, 3] / np.linalg.norm(pose[:3, 3]), atol=1e-6)
        assert up[2] > 0
        np.testing.assert_array_equal(view.c2w_opencv[:3, :3], pose[:3, :3] * [1, -1, -1])
        np.testing.assert_array_equal(view.c2w_opencv[:3, 3], pose[:3, 3])
        for to_world, to_camera in (
            (pose, view.w2c_opengl),
            (view.c2w_opencv, view.w2c_opencv),
        ):
            np.testing.assert_allclose(to_world @ to_camera, np.eye(4), atol=1e-6)
        x, y = view.fov
        assert x == y == pytest.approx(2 * np.arctan(view.width / 2 / view.K[0, 0]))
        assert view.projection == "perspective"


def test_depth_lies_on_the_surface_and_projects_back(made):
    """The three balls are known; K and the pose bring each point back to its pixel."""
    for view in open_output(made)[0].views:
        points = view.unproject()
        seen = np.isfinite(view.depth)
        np.testing.assert_array_equal(np.isfinite(points).all(axis=-1), seen)
        assert scenes.to_surface(points[seen]).max() < 1e-6
        local = points[seen] @ view.w2c_opencv[:3, :3].T + view.w2c_opencv[:3, 3]
        pixel = local @ view.K.T
        rows, columns = np.nonzero(seen)
        np.testing.assert_allclose(pixel[:, 0] / pixel[:, 2], columns + 0.5, atol=1e-6)
        np.testing.assert_allclose(pixel[:, 1] / pixel[:, 2], rows + 0.5, atol=1e-6)


@pytest.mark.parametrize("record", RECORDS)
def test_each_record_has_the_cameras_of_cameras_json(record, tmp_path):
    """And K too; Objaverse-XL's matrices need job.json for it."""
    made = scenes.output(tmp_path / "out", recipe(record, **RECORDS[record]), objects=1)
    same = scenes.output(tmp_path / "same", recipe("cameras", **RECORDS[record]), objects=1)
    (found,), (expected,) = open_output(made), open_output(same)
    assert "cameras.json" not in found.files
    assert [view.name for view in found.views] == [view.name for view in expected.views]
    for ours, theirs in zip(found.views, expected.views, strict=True):
        np.testing.assert_allclose(ours.c2w_opengl, theirs.c2w_opengl, atol=1e-6)
        np.testing.assert_allclose(ours.K, theirs.K, atol=1e-6)
        assert (ours.width, ours.height) == (theirs.width, theirs.height)
        np.testing.assert_array_equal(ours.colour, theirs.colour)
        np.testing.assert_allclose(ours.unproject(), theirs.unproject(), atol=1e-6)


def test_what_a_zip_alone_does_not_say(tmp_path):
    made = scenes.output(tmp_path / "out", recipe("npy-3x4"), objects=1)
    (path,) = made.glob("renders/*.zip")
    (found,) = open_output(path)
    view = found.views[0]
    assert view.c2w_opengl.shape == (4, 4)
    assert view.width == 64
    with pytest.raises(MissingData, match=r"does not say the K of view 000.*records.*job\.json"):
        _ = view.K
    with pytest.raises(MissingData, match="K of view"):
        view.unproject()


def test_matrices_of_another_recipe_than_that_of_job_json_get_no_k(tmp_path):
    made = scenes.output(tmp_path / "out", recipe("npy-3x4"), objects=1)
    job = json.loads((made / "job.json").read_text())
    (made / "job.json").write_text(json.dumps({**job, "preset": "0" * 64}))
    with pytest.raises(MissingData, match="K of view"):
        _ = open_output(made)[0].views[0].K


def test_images_without_any_record(tmp_path):
    made = scenes.output(tmp_path / "out", recipe(), objects=1)
    views = open_output(made)[0].views
    assert [view.name for view in views] == [f"{number:03d}" for number in range(8)]
    assert views[7].colour.shape == (64, 64, 4)
    with pytest.raises(MissingData, match="camera pose of view 007"):
        _ = views[7].c2w_opengl


def test_orthographic_depth(made, tmp_path):
    """All rays are parallel; K maps x and y alone."""

    def flat(told):
        view = told["views"][0]
        view.update(
            projection="orthographic",
            K=[[64, 0, 32], [0, 64, 32], [0, 0, 1]],
            camera_to_world=[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 5], [0, 0, 0, 1]],
        )
        return told  # fmt: skip

    path = files.rewritten(made, open_output(made)[0].uid, tmp_path, {"cameras.json": flat})
    view = open_output(path)[0].views[0]
    points, depth = view.unproject(), view.depth
    row, column = np.argwhere(np.isfinite(depth))[0]
    np.testing.assert_allclose(
        points[row, column],
        [(column + 0.5 - 32) / 64, -(row + 0.5 - 32) / 64, 5 - depth[row, column]],
        atol=1e-6,
    )
    with pytest.raises(MissingData, match="orthographic"):
        _ = view.fov


def test_splits(tmp_path):
    made = scenes.output(
        tmp_path / "out", recipe("cameras", splits=Splits(train=5, val=1, test=2)), objects=1
    )
    splits = open_output(made)[0].splits
    assert {name: [view.name for view in part] for name, part in splits.items()} == {
        "train": ["000", "001", "002", "003", "004"], "val": ["005"], "test": ["006", "007"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def rendered(samples, tmp_path_factory):
    """The crate, rendered by Blender, and its path."""
    folder = tmp_path_factory.mktemp("rendered")
    (folder / "models").mkdir()
    for path in samples.glob("crate.*"):
        shutil.copy(path, folder / "models")
    sets = (
        "views=3", "resolution=96", "samples=1",
        'images=["colour","depth","depth-npy","position-exr","normal-exr","index-object"]',
    )  # fmt: skip
    run_worker(
        "run", folder / "models", "--output", folder / "out", "--device", "cpu",
        *(word for setting in sets for word in ("--set", setting)),
    )  # fmt: skip
    return folder / "models" / "crate.obj", open_output(folder / "out")["crate"]


def test_a_rendered_depth_lies_on_the_models_mesh(rendered):
    """The mesh as trimesh reads it; Blender turns OBJ from Y up to Z up."""
    path, found = rendered
    triangles = trimesh.load_scene(path, process=False).to_mesh().triangles
    triangles = np.stack([triangles[..., 0], -triangles[..., 2], triangles[..., 1]], -1)
    world = normalised(np.asarray(triangles, float))
    np.testing.assert_allclose(found.bbox, [world.min((0, 1)), world.max((0, 1))], atol=1e-5)
    for view in found.views:
        points = view.unproject()
        seen = np.isfinite(view.depth)
        assert seen.sum() > 500
        assert share_near(points[seen][::3], world, NEAR) > 0.99
        np.testing.assert_allclose(points[seen], view.position[seen], atol=NEAR)
        assert set(np.unique(view.object_index)) == {0, *range(1, len(found.object_names) + 1)}
        toward = view.c2w_opengl[:3, 3] - points[seen]
        assert ((view.normal[seen] * toward).sum(axis=-1) > 0).mean() > 0.98
