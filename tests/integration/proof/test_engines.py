"""EEVEE and Workbench, drawn by Mesa: every image that they have, against the geometry.

The bounds are those of Cycles' proofs. EEVEE compiles shaders for a minute first, unless Mesa has
kept them, and then takes seconds a view, so its shots are few.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests import blenders, mesa
from tests.integration.proof.test_shapes import FAR, angles, depth_errors, depths_of, expected
from tests.proof_helpers import Studio, iou, project
from worker.contract.engines import IMAGES_BY_RASTERISER, grid
from worker.contract.recipe import from_dict

SETTINGS = {
    "workbench": {
        "lights": {"rig": "none"}, "subject": {"backfaces": "shown"}, "views": 3, "samples": 16,
    },
    "eevee": {"lights": {"rig": "four-suns"}, "views": 1, "samples": 4},
}  # fmt: skip
CASES = {
    "workbench": [(name, kind) for name in ("sphere", "cube", "tilted")
                  for kind in ("perspective", "orthographic")],
    "eevee": [("sphere", "perspective"), ("tilted", "orthographic")],
}  # fmt: skip
EVERY = [(engine, *case) for engine, cases in CASES.items() for case in cases]
IMAGES = {
    engine: [kind for kind in kinds if kind != "depth-f16"]  # named as depth is
    for engine, kinds in IMAGES_BY_RASTERISER.items()
}


@pytest.fixture(scope="module")
def rasters(tmp_path_factory):
    """A child that draws in software."""
    mesa.needed()
    recipe = from_dict({"engine": "workbench"})
    made = Studio("bpy", tmp_path_factory.mktemp("rasters"), recipe=recipe)
    yield made
    made.close()


OTHERS = [each for each in blenders.parameters() if each.id != "bpy"]


@pytest.fixture(scope="module", params=OTHERS)
def others(request, tmp_path_factory):
    """As `rasters`, of another Blender than 4.5."""
    mesa.needed()
    recipe = from_dict({"engine": "workbench"})
    made = Studio(request.param, tmp_path_factory.mktemp("others"), recipe=recipe)
    yield made
    made.close()


def shoot(studio, engine, name, projection="perspective", **keys):
    camera = {"projection": projection, "ortho_scale": 1.9}
    return studio.shoot(
        f"{name}.glb" if isinstance(name, str) else name,
        **{"engine": engine, "images": IMAGES[engine], "camera": camera, "depth": {"far": FAR},
           **SETTINGS[engine], **keys},
    )  # fmt: skip


def check_depth(shot, name):
    for view in shot.views:
        wanted, read = expected(name, view), depths_of(shot, view)
        depth_errors(read, wanted)
        mask = shot.image(f"{view.name}_mask.png") > 0
        assert np.array_equal(mask, np.isfinite(read["npy"]))
        assert iou(mask, np.isfinite(wanted[1])) > 0.995


def check_alpha(shot, name):
    for view in shot.views:
        coverage = expected(name, view)[0]
        alpha = shot.image(f"{view.name}.png")[..., 3] / 255
        assert alpha[coverage == 1].min() > 0.7
        assert alpha[coverage == 0].max() < 0.3
        edge = (coverage > 0) & (coverage < 1)
        assert abs((alpha - coverage)[edge].mean()) < 0.05


@pytest.mark.parametrize(("engine", "name", "projection"), EVERY)
def test_depth_mask_and_alpha(rasters, engine, name, projection):
    shot = shoot(rasters, engine, name, projection)
    assert shot.rendered.answer.runtime["engine"] == engine
    assert shot.rendered.answer.runtime["device"] == "software"
    check_depth(shot, name)
    check_alpha(shot, name)


def test_workbench_of_other_blenders(others):
    shot = shoot(others, "workbench", "cube")
    check_depth(shot, "cube")
    check_alpha(shot, "cube")


def test_workbench_covers_a_pixel_by_the_share_of_its_samples(rasters):
    """Each of them hits or misses, so alpha is exact in steps of one."""
    shot = shoot(rasters, "workbench", "cube")
    steps = grid(SETTINGS["workbench"]["samples"]) ** 2
    for view in shot.views:
        alpha = shot.raw(int(view.name))[..., 3]
        assert np.abs(alpha * steps - np.rint(alpha * steps)).max() < 1e-4
        coverage = expected("cube", view)[0]
        assert (alpha[coverage == 1] == 1).all()
        assert (alpha[coverage == 0] == 0).all()


@pytest.mark.parametrize(("name", "projection"), CASES["eevee"])
def test_normals(rasters, name, projection):
    shot = shoot(rasters, "eevee", name, projection)
    for view in shot.views:
        _, _, normal, flat = expected(name, view)
        assert flat.sum() > 100
        for key, value in {
            "8 bit": shot.image(f"{view.name}_normal.png") / 255 * 2 - 1,
            "16 bit": shot.image(f"{view.name}_normal16.png") / 65535 * 2 - 1,
            "exr": shot.image(f"{view.name}_normal.exr"),
        }.items():
            found = value[flat] / np.linalg.norm(value[flat], axis=-1, keepdims=True)
            assert angles(found, normal[flat]).max() < 1.0, key


@pytest.mark.parametrize("engine", SETTINGS)
def test_the_camera_of_the_record_shows_what_is_seen(rasters, engine):
    """Where the sphere of the record's camera must be, and how large."""
    shot = shoot(rasters, engine, "sphere")
    for view, camera in zip(
        shot.views, json.loads(shot.members["cameras.json"])["views"], strict=True
    ):
        assert camera["camera_to_world"] == view.camera_to_world
        seen = shot.image(f"{view.name}_mask.png") > 0
        rows, columns = np.nonzero(seen)
        (middle,) = project(np.zeros((1, 3)), view)
        assert np.hypot(columns.mean() + 0.5 - middle[0], rows.mean() + 0.5 - middle[1]) < 0.5


def test_colours_are_the_same_again_to_the_byte(rasters):
    one = shoot(rasters, "workbench", "sphere").members["000.png"]
    assert shoot(rasters, "workbench", "sphere", again=True).members["000.png"] == one


def test_blenders_own_picture_is_that_of_the_raw_colour(rasters):
    """Filmic, as preset objaverse-xl-eevee has it, is encoded by Blender."""
    shot = shoot(rasters, "eevee", "cube", images=["colour"], samples=1, resolution=32,
                 colour={"view_transform": "filmic"})  # fmt: skip
    raw, shown = shot.raw(0), shot.image("000.png").astype(float) / 255
    assert np.abs(raw[..., 3] - shown[..., 3]).max() < 1 / 255
    inside = raw[..., 3] == 1
    order = np.argsort(raw[inside][:, 1], kind="stable")
    assert np.diff(shown[inside][order, 1]).min() >= -1 / 255  # brighter stays brighter


PANES = {  # left, right, distance of a plane, alpha
    "ghost": (-1.0, 1.0, 2.2, 0.001),
    "pane": (-1.0, 0.0, 2.5, 0.3),
    "wall": (-0.5, 1.0, 3.0, 1.0),
}


@pytest.fixture(scope="module")
def panes(rasters):
    """Upright planes that a camera at (0, -3, 0) sees one behind the other."""
    corners, faces, materials = [], [], []
    for number, (name, (left, right, distance, alpha)) in enumerate(PANES.items()):
        y = distance - 3.0
        corners += [f"v {x} {z} {-y}" for x, z in ((left, -1), (right, -1), (right, 1), (left, 1))]
        faces.append(f"usemtl {name}\nf {' '.join(str(4 * number + i) for i in (1, 2, 3, 4))}")
        materials.append(f"newmtl {name}\nKd 0.5 0.5 0.5\nd {alpha}")
    folder = rasters.folder / "panes"
    folder.mkdir()
    (folder / "panes.mtl").write_text("\n".join(materials))
    (folder / "panes.obj").write_text("\n".join(["mtllib panes.mtl", *corners, *faces]))
    return folder / "panes.obj"


def test_eevees_data_show_the_first_surface_that_counts_and_its_colour_all(rasters, panes):
    shot = shoot(
        rasters, "eevee", panes, images=["colour", "depth-npy", "mask"], samples=16, resolution=32,
        subject={"normalise": "none"},
        camera={"layout": "fixed", "fixed": [[0, -3, 0]], "projection": "orthographic",
                "ortho_scale": 2.5},
    )  # fmt: skip
    depth = shot.image("000_depth.npy")
    across = (np.arange(32) + 0.5) / 32 * 2.5 - 1.25
    middle = depth[12:20]
    np.testing.assert_allclose(middle[:, (across > -0.9) & (across < -0.1)], 2.5, atol=1e-3)
    np.testing.assert_allclose(middle[:, (across > 0.1) & (across < 0.9)], 3.0, atol=1e-3)
    assert np.isinf(middle[:, abs(across) > 1.1]).all()
    alpha = shot.raw(0)[12:20, :, 3]
    assert abs(alpha[:, (across > -0.9) & (across < -0.6)].mean() - 0.3) < 0.06
    assert (alpha[:, (across > -0.4) & (across < 0.9)] > 0.99).all()
