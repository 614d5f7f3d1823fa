"""A rig's lights stand where they are said to, whatever the object's own size and place."""

import numpy as np
import pytest

from worker.blender.views.lights import RIGS

CORNERS = [(x, y, z) for x in (-0.5, 0.5) for y in (-0.4, 0.4) for z in (-0.3, 0.3)]
FACES = "f 1 2 4 3\nf 5 7 8 6\nf 1 5 6 2\nf 3 4 8 7\nf 1 3 7 5\nf 2 6 8 4\n"
TOP = {"camera": {"layout": "fixed", "fixed": [[0.0, -0.01, 3.0]]}, "views": 1, "samples": 64}


SMOOTH = "Ns 400"
"""A roughness of 1/3."""


def block(path, scale=1.0, shift=0.0, material=SMOOTH):
    lines = [f"v {x * scale + shift} {z * scale} {-y * scale}" for x, y, z in CORNERS]
    if material:
        path.with_suffix(".mtl").write_text(f"newmtl m\nKd .6 .6 .6\nKs .5 .5 .5\n{material}\n")
        lines = [f"mtllib {path.stem}.mtl", *lines, "usemtl m"]
    path.write_text("\n".join(lines) + "\n" + FACES)
    return path


@pytest.mark.parametrize("rig", sorted(set(RIGS) - {"own", "none", "environment"}))
def test_neither_size_nor_place_changes_the_light(studio, tmp_path, rig):
    models = (
        block(tmp_path / "block.obj"),
        block(tmp_path / "far.obj", 20.0, 300.0),
        block(tmp_path / "large.obj", 50.0),
        block(tmp_path / "small.obj", 0.02),
        # Those above are left as they are; float32 cannot hold the next two, which are moved.
        block(tmp_path / "tiny.obj", 1e-4),
        block(tmp_path / "away.obj", 1.0, 300.0),
    )
    lit = [studio.shoot(model, lights={"rig": rig}, **TOP).raw(0) for model in models]
    solid = lit[0][..., 3] == 1.0
    assert solid.sum() > 200
    assert lit[0][solid][:, :3].mean() > 0.01
    for other in lit[1:]:
        assert np.abs(other[solid] - lit[0][solid]).mean() < 0.02 * lit[0][solid][:, :3].mean()


@pytest.mark.parametrize(
    ("material", "rig"),
    [("", "four-suns"), ("Ns 1", "four-suns"), (SMOOTH, "studio"), ("Ns 900", "studio")],
)
def test_studio_is_for_what_reflects(studio, tmp_path, material, rig):
    model = block(tmp_path / "block.obj", material=material)
    shot = studio.shoot(model, lights={"rig": "studio"}, **TOP)
    assert shot.rendered.answer.runtime["lights"] == rig


@pytest.mark.parametrize("name", ["metals.glb", "pawn.glb"])
def test_metal_and_lacquer_reflect_the_studio(studio, name):
    shot = studio.shoot(name, lights={"rig": "studio"}, **TOP)
    assert shot.rendered.answer.runtime["lights"] == "studio"
