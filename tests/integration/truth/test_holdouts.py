"""What colour images do not show, no other image shows: holdouts and shadow catchers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests import blenders
from tests.blenders import REPOSITORY

SCRIPT = REPOSITORY / "tests/truth/holdouts.py"
SIDE, SCALE = 64, 1.8
"""Pixels of a frame's side, and the length that it shows."""
KEYS = {
    "views": 1, "resolution": SIDE, "samples": 16, "records": ["cameras"],
    "images": [
        "colour", "depth-npy", "mask", "normal", "albedo", "alpha", "index-object",
        "index-material", "position-exr",
    ],
    "camera": {
        "layout": "fixed", "fixed": [[3, 0, 0]], "projection": "orthographic",
        "ortho_scale": SCALE, "distance": "drawn",
    },
}  # fmt: skip
HOLES = ("object", "collection", "material", "instancer")
"""Those that cut a square hole into the cube; of the others, all of the cube is seen."""
LENGTH = np.abs((np.arange(SIDE) + 0.5) / SIDE - 0.5) * SCALE
AWAY = np.maximum.outer(LENGTH, LENGTH)
"""Of each pixel: the greater of its distances from the middle, in lengths of the cube."""
CUBE, HOLE, EDGE = 0.5, 0.3, 0.04


@pytest.fixture(scope="module")
def scenes(studio):
    folder = studio.folder / "holdouts"
    folder.mkdir()
    blenders.make(studio.blender, SCRIPT, folder)
    return folder


def seen(shot):
    """Whether each pixel shows something, by image: those of the centre, and those of an area."""
    image = shot.image
    centre = {
        "depth": np.isfinite(image("000_depth.npy")),
        "mask": image("000_mask.png") > 0,
        "index-object": image("000_object.png") > 0,
        "index-material": image("000_material.png") > 0,
        "position": np.isfinite(image("000_position.exr")).all(axis=-1),
    }
    area = {
        "colour": image("000.png")[..., 3] > 0,
        "albedo": image("000_albedo.png")[..., 3] > 0,
        "alpha": image("000_MatAlpha.png") > 0,
        "normal": image("000_normal.png").any(axis=-1),
    }
    return centre, area


@pytest.mark.parametrize("name", [*HOLES, "around", "catcher"])
def test_no_image_shows_what_colour_does_not(studio, scenes, name):
    shot = studio.shoot(scenes / f"{name}.blend", **KEYS)
    shown = (AWAY < CUBE - EDGE) & ((AWAY > HOLE + EDGE) | (name not in HOLES))
    empty = (AWAY > CUBE + EDGE) | ((AWAY < HOLE - EDGE) & (name in HOLES))
    for kinds in seen(shot):
        for kind, pixels in kinds.items():
            assert pixels[shown].all(), kind
            assert not pixels[empty].any(), kind
            assert np.array_equal(pixels, next(iter(kinds.values()))), kind
    told = json.loads(shot.members["cameras.json"])["views"][0]
    assert told["coverage"] == pytest.approx(seen(shot)[1]["colour"].mean(), abs=1e-5)


def test_a_prototype_that_is_a_holdout_is_seen_and_measured_as_cycles_shows_it(studio, scenes):
    shot = studio.shoot(scenes / "prototype.blend", **KEYS)
    centre, area = seen(shot)
    assert area["colour"].sum() == area["albedo"].sum() == area["normal"].sum()
    numbers = shot.image("000_object.png")
    square = 1 + shot.facts["object_names"].index("square")
    assert (numbers == square).sum() == pytest.approx((2 * HOLE * SIDE / SCALE / 1.1) ** 2, rel=0.1)
    assert shot.facts["scene_size"]["bbox_max"][0] == pytest.approx(0.6)
    assert np.array_equal(centre["depth"], centre["mask"])
