"""Only the part of the frame where the object can be is traced: the same bytes come out of it."""

from __future__ import annotations

import sys

import pytest

from tests.integration.proof.test_leaks import RECIPE as ALL
from tests.proof_helpers import REPOSITORY, Studio, runtime_of
from worker.errors import Unsupported
from worker.render.runtime import PROGRAM, Runtime

WHOLE = str(REPOSITORY / "tests/whole_frame.py")
RECIPES = {
    "all kinds": {},
    "many views": {"views": 40, "images": ["colour-exr", "depth-npy"], "resolution": 24},
    "adaptive": {"cycles": {"adaptive": True}, "samples": 64},
    "wide filter": {"cycles": {"filter_width": 6.0}, "camera": {"radius": [3.0, 3.0]}},
    "filmic": {"colour": {"view_transform": "filmic", "exposure": 1.0}},
    "opposite suns": {"lights": {"rig": "shap-e"}, "camera": {"layout": "sphere"}},
    "white world": {"lights": {"rig": "uniform"}},
    "orthographic": {"camera": {"projection": "orthographic", "ortho_scale": 3.0}},
    "oblong": {"resolution": [80, 36], "camera": {"fov": [90.0, 90.0]}},
    "too near": {"camera": {"radius": [0.4, 0.8]}},
    "fitted": {"camera": {"distance": "fit"}},
}
MODELS = {".blend", ".glb", ".fbx", ".obj"}
MOVING = {"subject": {"pose": "spread"}}
WHOLE_FRAMES = {
    "a light that is seen": ("crate.obj", {"lights": {"rig": "area"}}),
    "lights of the file's own": ("furnished.blend", {"lights": {"rig": "own"}}),
    "a denoiser": ("crate.obj", {"cycles": {"denoise": True}}),
    "curves": ("curve.blend", {}),
    "metaballs": ("metaballs.blend", {}),
}


@pytest.fixture(scope="session")
def whole(studio, tmp_path_factory):
    """The same Blender with no window; and the same samples."""
    command = runtime_of(studio.blender).command
    if studio.blender == "bpy":
        command = (sys.executable, "-P", str(PROGRAM), "--")
    told = tuple(WHOLE if part == str(PROGRAM) else part for part in command)
    made = Studio(studio.blender, tmp_path_factory.mktemp("whole"), Runtime("whole", told))
    yield made
    made.close()


def windows(shot) -> list[bool]:
    """Of each view whether it has a window smaller than its frame."""
    return [view.window != [0, 0, view.width, view.height] for view in shot.views]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("model", ["monkey.fbx", "pane.glb"])
def test_no_byte_differs_from_the_whole_frames(studio, whole, model, name):
    recipe = {**ALL, **RECIPES[name]}
    shot = studio.shoot(model, **recipe)
    assert any(windows(shot)) or name == "too near"
    assert shot.members == whole.shoot(studio.sample(model), **recipe).members


def test_no_sample_is_cut(studio, whole):
    recipe = {**ALL, "images": ["colour-exr", "depth-npy"], "views": 6, **MOVING}
    found = studio.sample("roots.blend").parent.iterdir()
    for model in sorted(path for path in found if path.suffix in MODELS):
        try:
            expected = whole.shoot(model, **recipe).members
        except Unsupported:
            continue
        assert studio.shoot(model, **recipe).members == expected, model.name


@pytest.mark.parametrize("why", WHOLE_FRAMES)
def test_what_no_vertex_tells_is_rendered_whole(studio, why):
    model, recipe = WHOLE_FRAMES[why]
    assert not any(windows(studio.shoot(model, **recipe)))


def test_a_window_saves_most_of_the_frame(studio):
    camera = {"radius": [2.0, 2.0]}
    views = studio.shoot("pawn.glb", views=12, resolution=128, camera=camera).views
    assert all(view.window[2] * view.window[3] < 0.4 * 128 * 128 for view in views)
