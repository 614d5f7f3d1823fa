"""Only the part of the frame where the object can be is traced: the same bytes come out of it."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from tests import blenders
from tests.blenders import REPOSITORY
from tests.integration.proof.test_leaks import RECIPE as ALL
from tests.integration.proof.test_own_cameras import cameras_json, poses
from tests.proof_helpers import Studio
from worker.core.errors import ImportFailed, Unsupported
from worker.supervisor.runtime import PROGRAM, Runtime

WHOLE = str(REPOSITORY / "tests/whole_frame.py")
RECIPES = {
    "all kinds": {},
    "many views": {"views": 40, "images": ["colour-exr", "depth-npy"], "resolution": 24},
    "adaptive": {"cycles": {"adaptive": True, "adaptive_least": 8}, "samples": 128},
    "wide filter": {
        "cycles": {"filter_width": 10.0},
        "camera": {"radius": [4.0, 4.0]},
        "resolution": 96,
    },
    "filmic": {"colour": {"view_transform": "filmic", "exposure": 1.0}},
    "agx": {"colour": {"view_transform": "agx"}},
    "telephoto": {"camera": {"fov": [0.1, 0.1], "distance": "fit"}, "resolution": 16},
    "area": {"lights": {"rig": "area"}, "camera": {"layout": "sphere"}},
    "trellis": {"lights": {"rig": "trellis"}, "camera": {"layout": "sphere"}},
    "opposite suns": {"lights": {"rig": "shap-e"}, "camera": {"layout": "sphere"}},
    "white world": {"lights": {"rig": "uniform"}},
    "orthographic": {"camera": {"projection": "orthographic", "ortho_scale": 3.0}},
    "oblong": {"resolution": [80, 36], "camera": {"fov": [90.0, 90.0]}},
    "too near": {"camera": {"radius": [0.4, 0.8]}},
    "fitted": {"camera": {"distance": "fit"}},
}
BRIEF = {**ALL, "images": ["colour-exr", "depth-npy"], "views": 6, "samples": 1, "resolution": 128}
CURVED = {"curve.blend", "text.blend", "metaballs.blend", "surface.blend"}
MOVING = {"subject": {"pose": "spread"}}
WHOLE_FRAMES = {
    "lights of the file's own": ("furnished.blend", {"lights": {"rig": "own"}}),
    "a denoiser": ("crate.obj", {"cycles": {"denoise": True}}),
    "curves": ("curve.blend", {}),
    "metaballs": ("metaballs.blend", {}),
    "tiles": ("crate.obj", {"resolution": [2049, 4], "cycles": {"adaptive": True}}),
}


@pytest.fixture(scope="session")
def whole(studio, tmp_path_factory):
    """The same Blender with no window; and the same samples."""
    command = blenders.runtime_of(studio.blender).command
    if studio.blender == "bpy":
        command = (sys.executable, "-P", str(PROGRAM), "--")
    told = tuple(WHOLE if part == str(PROGRAM) else part for part in command)
    folder, readable = tmp_path_factory.mktemp("whole"), (REPOSITORY / "tests", studio.folder)
    made = Studio(studio.blender, folder, Runtime("whole", told), readable)
    yield made
    made.close()


def members(whole, *shot, **recipe) -> dict[str, bytes]:
    """The zip's files when every frame is rendered whole."""
    made = whole.shoot(*shot, **recipe)
    assert not any(windows(made))
    return made.members


def windows(shot) -> list[bool]:
    """Of each view whether it has a window smaller than its frame."""
    return [view.window != [0, 0, view.width, view.height] for view in shot.views]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("model", ["monkey.fbx", "pane.glb"])
def test_no_byte_differs_from_the_whole_frames(studio, whole, model, name):
    recipe = {**ALL, **RECIPES[name]}
    if name == "agx" and studio.blender == "debian":
        with pytest.raises(Unsupported, match="agx"):
            studio.shoot(model, **recipe)
        return
    shot = studio.shoot(model, **recipe)
    assert any(windows(shot)) or name in {"too near", "telephoto"}
    assert shot.members == members(whole, studio.sample(model), **recipe)


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_no_byte_differs_with_a_shifted_lens_and_wide_pixels(studio, whole, tmp_path, projection):
    scale = 1.0 if projection == "perspective" else 0.3
    k = [[90.0 * scale, 0, 21.5], [0, 70.0 * scale, 40.25], [0, 0, 1]]
    found = poses(4, radius=3.0)
    file = cameras_json(tmp_path / "cameras.json", k, projection, (64, 64), found)
    camera = {"layout": "file", "file": file, "projection": projection}
    recipe = {**ALL, "views": 4, "resolution": 64, "camera": camera}
    shot = studio.shoot("monkey.fbx", **recipe)
    assert all(windows(shot))
    assert shot.members == members(whole, studio.sample("monkey.fbx"), **recipe)


@pytest.mark.parametrize("family", ["hard", "demo"])
def test_no_sample_is_cut(studio, whole, family):
    camera = {"radius": [2.5, 3.0]}
    recipe = {**BRIEF, "camera": camera, **MOVING}
    studio.sample("roots.blend")
    cut = []
    for model in sorted(path for path in (studio.folder / family).iterdir() if path.is_file()):
        try:
            expected = members(whole, model, **recipe)
        except (Unsupported, ImportFailed):
            continue
        shot = studio.shoot(model, **recipe)
        assert shot.members == expected, model.name
        cut += [model.name] * any(windows(shot))
        assert any(windows(shot)) == (model.name not in CURVED), model.name
    assert len(cut) >= 5


@pytest.fixture(scope="session")
def odd(studio, tmp_path_factory):
    """See make_odd.py."""
    folder = tmp_path_factory.mktemp("odd")
    blenders.make(studio.blender, Path(__file__).with_name("make_odd.py"), folder)
    corners = itertools.product((0, 7), repeat=3)
    lines = [f"v {5_000_000 + x} {y} {z}" for x, y, z in corners]
    faces = ("1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4")
    (folder / "surveyed.obj").write_text("\n".join([*lines, *(f"f {face}" for face in faces)]))
    return folder


def test_what_is_not_where_it_was_measured_is_not_cut(studio, whole, odd):
    models = [*sorted(odd.glob("*.blend")), odd / "surveyed.obj"]
    assert len(models) == 8
    for model in models:
        shot = studio.shoot(model, **BRIEF)
        assert shot.members == members(whole, model, **BRIEF), model.name
        assert (shot.raw(0)[..., 3] == 1).any(), model.name
        if model.stem in {"keyed", "driven"}:
            assert not any(windows(shot)), model.name


@pytest.mark.parametrize("why", WHOLE_FRAMES)
def test_what_no_vertex_tells_is_rendered_whole(studio, why):
    model, recipe = WHOLE_FRAMES[why]
    assert not any(windows(studio.shoot(model, **recipe)))


def test_a_window_saves_most_of_the_frame(studio):
    camera = {"radius": [2.0, 2.0]}
    views = studio.shoot("pawn.glb", views=12, resolution=128, camera=camera).views
    assert all(view.window[2] * view.window[3] < 0.4 * 128 * 128 for view in views)
