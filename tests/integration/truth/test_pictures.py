"""What the pictures of tests/truth/cases/pictures.py show, where a side's colour does not tell."""

from __future__ import annotations

import numpy as np
import pytest

from tests.blenders import BLENDERS
from tests.truth import cube
from tests.truth.cases.pictures import ONLY_CPP

NEAR = 4
"""By how much of 255 a value may differ."""
FIFTHS = (0.6, 0.8)
"""What the normals of a tilted map have along the surface, and away from it."""


TILTED = ["tilted", "tilted-bare", "tilted-bump", "tilted-norm", "tilted-padded"]


@pytest.mark.parametrize("kind", ["dae", "fbx"])
def test_a_side_is_cut_out_by_the_alpha_of_its_picture(rendered, kind):
    if kind == "fbx" and rendered.blender in ONLY_CPP:
        pytest.skip(f"NOT TESTED under {rendered.blender}: {ONLY_CPP[rendered.blender]}")
    if kind in BLENDERS[rendered.blender].lacks:
        pytest.skip(f"NOT TESTED under {rendered.blender}: it reads no .{kind}")
    sides = rendered.look(f"{kind}-cut-out/model.{kind}").sides()
    wanted = {side: colour for side, colour in cube.SIDES.items() if side != cube.BELOW}
    assert {side: colour.tolist() for side, colour in sides.items()} == {
        side: pytest.approx(colour, abs=NEAR) for side, colour in wanted.items()
    }


@pytest.mark.parametrize("name", TILTED)
def test_a_normal_map_turns_normals_whatever_its_line_is(rendered, name):
    normals = rendered.look(f"obj-{name}/model.obj").inside("normal") / 255 * 2 - 1
    away = np.sort(np.abs(normals), axis=1)
    along, off = FIFTHS
    assert np.median(away[:, 2]) == pytest.approx(off, abs=0.03)
    assert np.median(away[:, 1]) == pytest.approx(along, abs=0.03)
    assert np.median(away[:, 0]) == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("name", ["flat-normals", "no-tilt", "coloured-heights"])
def test_what_is_flat_turns_no_normal(rendered, name):
    normals = np.abs(rendered.look(f"obj-{name}/model.obj").inside("normal") / 255 * 2 - 1)
    assert np.median(np.sort(normals, axis=1)[:, 2]) == pytest.approx(1.0, abs=0.03)


def test_a_mask_is_as_clear_as_its_numbers_say(rendered):
    alpha = rendered.look("obj-half-clear/model.obj").inside("colour")[:, 3]
    half = 128 / 255
    two_sides = 255 * (1 - (1 - half) ** 2)  # of the cube, one behind the other
    assert np.median(alpha) == pytest.approx(two_sides, abs=12)  # of 8 samples


def test_collada_shines(rendered):
    if "dae" in BLENDERS[rendered.blender].lacks:
        pytest.skip(f"NOT TESTED under {rendered.blender}: it reads no .dae")
    sides = rendered.look("dae-shining/model.dae").sides("colour")
    assert {side: colour.tolist() for side, colour in sides.items()} == {
        side: pytest.approx(colour, abs=NEAR) for side, colour in cube.SIDES.items()
    }
    shown = rendered.look("dae-shining-colour/model.dae").sides("colour")
    for seen in shown.values():
        assert cube.linear(seen) == pytest.approx(np.array([0.5, 0.25, 0.125]), abs=0.02)
