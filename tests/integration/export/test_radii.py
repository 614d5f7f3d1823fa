"""Readers that put every camera at one distance: right for one radius, and refused for others."""

import json

import numpy as np
import pytest

from tests.command_line import run_worker
from tests.integration.export import scenes
from tests.readers import ngp_pl
from worker import presets
from worker.contract.recipe import Camera
from worker.core.errors import ConfigurationError
from worker.export import distances

UID = scenes.uids(1)[0]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """An object seen from 1.5 to 2.2, as presets of Objaverse-XL see it."""
    recipe = scenes.recipe(views=4, size=64, camera=Camera(radius=(1.5, 2.2)))
    places = scenes.locations(4) * np.linspace(0.75, 1.1, 4)[:, None]

    def child(*args):
        return scenes.rendered(*args, places=places)

    return scenes.output(tmp_path_factory.mktemp("mixed") / "out", recipe, objects=1, child=child)


def agreement(scene):
    """Share of the balls' pixels on which ngp_pl's image and its ray agree, of the worst view.

    The object has one size in all views: that of the first view.
    """
    k, frames = ngp_pl.read(scene, "train")
    first = json.loads((scene / "transforms_train.json").read_text())["frames"][0]
    scale = ngp_pl.RADIUS / np.linalg.norm(np.array(first["transform_matrix"])[:3, 3])
    found = []
    for image, pose in frames:
        opengl = np.vstack([pose, [0, 0, 0, 1]]) @ np.diag([1, -1, -1, 1])
        opengl[:3, 3] /= scale
        depth, _, _ = scenes.cast(opengl, k, ngp_pl.SIDE)
        hit, seen = np.isfinite(depth), image[..., 3] > 127
        found.append((hit & seen).sum() / (hit | seen).sum())
    return min(found)


@pytest.mark.parametrize("size", [48, 128])
def test_ngp_pl_takes_the_layout_blender_at_every_square_size(export, tmp_path, size):
    out = scenes.output(tmp_path / "out", scenes.recipe(views=5, size=size), objects=1)
    assert agreement(export("nerf", out, options={"splits": "5,0,0"}) / UID) > 0.97


def test_it_sees_an_object_of_several_sizes_where_radii_are_mixed(export, mixed):
    to = export("nerf", mixed, options={"splits": "4,0,0", "mixed_radii": True})
    assert agreement(to / UID) < 0.9


@pytest.mark.parametrize("layout", ["blender", "get3d"])
def test_mixed_radii_are_refused_unless_asked_for(export, mixed, tmp_path, layout):
    with pytest.raises(ConfigurationError, match="needs one distance of all cameras") as refused:
        export("nerf", mixed, options={"layout": layout})
    assert "--mixed-radii" in str(refused.value)
    run_worker("export", "nerf", "--layout", layout, "--mixed-radii", "--input", mixed, "--to",
               tmp_path / "to")  # fmt: skip


def test_each_zip_is_looked_at(export, tmp_path):
    """Cameras that are not where the recipe would have them."""

    def child(*args):
        return scenes.rendered(*args, places=scenes.locations(3) * [[1], [1], [1.01]])

    out = scenes.output(tmp_path / "out", scenes.recipe(views=3, size=16), objects=1, child=child)
    to = export("nerf", out, status=10)
    (outcome,) = scenes.outcomes(to).values()
    assert outcome["code"] == "unsupported"
    assert "2 to 2.02 from the origin" in outcome["message"]


def test_other_layouts_take_any(export, mixed, tmp_path):
    for layout in ("nsvf", "nerfstudio", "instant-ngp"):
        export("nerf", mixed, tmp_path / layout, options={"layout": layout})


def test_which_presets_have_one_distance():
    found = {name for name in presets.names() if distances.one_by_recipe(presets.load(name))}
    views = {name for name in found if presets.load(name).product == "views"}
    assert views >= {"nerf-synthetic", "get3d", "gpt4point", "trellis", "zero123plus"}
    assert not found & {"objaverse-xl", "default", "zero123", "trellis-cond"}


@pytest.mark.parametrize(
    ("camera", "one"),
    [
        ({"radius": (2.0, 2.0)}, True),
        ({"radius": (2.0, 2.1)}, False),
        ({"radius": (2.0, 2.0), "target": (0.0, 0.0, 0.1)}, False),
        ({"distance": "fit", "radius": (2.0, 2.0)}, False),
        ({"distance": "fit-all"}, True),
        ({"distance": "cube"}, True),
        ({"distance": "cube", "fov": (30.0, 40.0)}, False),
        ({"layout": "fixed", "fixed": ((0.0, 3.0, 4.0), (5.0, 0.0, 0.0))}, True),
        ({"layout": "fixed", "fixed": ((0.0, 3.0, 4.0), (4.0, 0.0, 0.0))}, False),
        ({"layout": "file", "file": "mine.json"}, True),
    ],
)
def test_which_recipes_have(camera, one):
    assert distances.one_by_recipe(scenes.recipe(camera=Camera(**camera))) is one


def test_zeronvs_is_told_its_rate(mixed, tmp_path):
    done = run_worker("export", "webdataset", "--layout", "zeronvs", "--input", mixed, "--to",
                      tmp_path / "to")  # fmt: skip
    (said,) = [line for line in done.stderr.splitlines() if "takes no pair" in line]
    assert "0.25" in said
    assert "views_per_scene" in said
