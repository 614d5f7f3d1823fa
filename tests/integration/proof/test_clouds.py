"""Exported point clouds of what Blender rendered lie on the object's own mesh, and all over it.

The mesh is read by trimesh and normalised in test_unproject.py; the cloud is the PLY file.
"""

import msgspec
import numpy as np
import pytest
import trimesh

from tests.integration.export import scenes
from tests.integration.proof.test_unproject import NEAR, REAL, SHARED, mesh_of
from tests.proof_helpers import share_near
from worker import presets
from worker.contract import recipe as recipes
from worker.export.run import ExportOptions, run

SHARE = 0.99
POINTS = {"points": 2048, "candidates": 16384}
SMALL = ("views=6", "resolution=160", "samples=1")
USUAL = ("views=6", "resolution=512", "samples=1")
"""GPT4Point's rays are up to half a pixel aside, so its rules need pixels as small as it has."""


def cloud_of(studio, model, settings, layout, folder):
    """Points (N,3) of the exported PLY."""
    recipe = presets.load("gpt4point", [*settings])
    shot = studio.shoot(model, **recipes.to_dict(recipe))

    def child(raw, _, ref):
        raw.mkdir()
        fetched = msgspec.structs.replace(shot.rendered.fetched, ref=ref)
        return msgspec.structs.replace(shot.rendered, fetched=fetched)

    out = scenes.output(folder / "out", shot.recipe, objects=1, child=child)
    options = ExportOptions(kind="pointcloud", input=str(out), to=str(folder / "to"),
                            scratch=folder, kind_options={"layout": layout, **POINTS})  # fmt: skip
    assert run(options, {}).status == 0, scenes.outcomes(folder / "to")
    (path,) = (folder / "to" / "ply").iterdir()
    return np.asarray(trimesh.load(path).vertices, float)


def prove(points, triangles, record_property):
    share = share_near(points, triangles, NEAR)
    record_property("share within 2e-3 of the mesh", share)
    assert points.shape == (POINTS["points"], 3)
    assert share >= SHARE
    assert np.abs(points.min(axis=0) - triangles.min(axis=(0, 1))).max() < 0.05
    assert np.abs(points.max(axis=0) - triangles.max(axis=(0, 1))).max() < 0.05


@pytest.mark.parametrize(
    ("name", "layout", "settings"),
    [
        ("pawn.glb", "exact", SMALL),
        ("rocket.glb", "exact", SMALL),
        ("crate.obj", "exact", SMALL),
        ("gear.stl", "exact", SMALL),
        ("rocket.glb", "gpt4point", USUAL),
    ],
)
def test_clouds_lie_on_the_mesh(studio, tmp_path, name, layout, settings, record_property):
    points = cloud_of(studio, name, settings, layout, tmp_path)
    prove(points, mesh_of(studio.sample(name)), record_property)


@pytest.mark.parametrize("layout", ["exact", "gpt4point"])
@pytest.mark.parametrize("name", REAL)
def test_clouds_of_real_objects(studio, tmp_path, name, layout, record_property):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"NOT TESTED on a real object: no {path.name} beside the checkout")
    prove(cloud_of(studio, path, USUAL, layout, tmp_path), mesh_of(path), record_property)
